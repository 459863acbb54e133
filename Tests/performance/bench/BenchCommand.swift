// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneModel

/// `kube-ipvs-bench`: measures the daemon's parts on a real kernel. `Tests/performance/run` says how it is used.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-ipvs-bench",
        abstract: "Measures what changes to Services cost, on the kernel that runs.",
        subcommands: [
            APIServerCommand.self,
            BaselineCommand.self, MeasureCommand.self, LatencyCommand.self, BurstCommand.self,
            NewServiceCommand.self, ListCommand.self, ManifestsCommand.self, ProfileCommand.self, ChildCommand.self,
            ReportCommand.self,
        ]
    )
}

struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measures the scenarios at one scale, in an empty network namespace."
    )

    @OptionGroup var scale: ScaleOptions
    @Flag(help: "Measure only the load, in a process that has done it before.") var again = false

    func run() async throws {
        try await Scenarios(scale.value).run(rehearses: again)
    }
}

struct BaselineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Measures the kernel's own pace at one scale, in an empty network namespace."
    )

    @OptionGroup var scale: ScaleOptions

    func run() throws {
        try Baseline(scale.value).run()
    }
}

struct LatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures how long a changed EndpointSlice takes to the kernel, in an empty network namespace."
    )

    @OptionGroup var scale: ScaleOptions
    @Flag(help: "Send the changes off while everything is verified.") var duringVerify = false

    func run() async throws {
        let scenarios = ProxyScenarios(scale.value)
        if duringVerify {
            try await scenarios.measureLatencyDuringVerify()
        } else {
            try await scenarios.measureLatency()
        }
    }
}

struct BurstCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burst",
        abstract: "Measures a burst of changed EndpointSlices, in an empty network namespace."
    )

    @OptionGroup var scale: ScaleOptions

    func run() async throws {
        try await ProxyScenarios(scale.value).measureBurst()
    }
}

struct NewServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-service",
        abstract: "Measures how long the endpoints of a new Service take to the kernel, in an empty network namespace."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "How many Services, one after the other.") var count = 50

    func run() async throws {
        try await ProxyScenarios(scale.value).measureNewServices(count)
    }
}

struct ScaleOptions: ParsableArguments {
    @Option(help: "How many Services.") var services: Int
    @Option(help: "How many endpoints each has.") var endpoints: Int
    @Flag(help: "Give each Service a cluster IP of IPv6 too, and as many endpoints.") var dualStack = false

    @Flag(help: "Make virtual IPs local routes, and not addresses.") var routes = false

    var value: Scale {
        Scale(
            services: services,
            endpoints: endpoints,
            isDualStack: dualStack,
            virtualIPs: routes ? .routes : .addresses
        )
    }
}
