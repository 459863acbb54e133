import ArgumentParser

/// `kube-ipvs-bench`: measures the daemon's parts on a real kernel. `Tests/performance/run` says how it is used.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-ipvs-bench",
        abstract: "Measures what changes to Services cost, on the kernel that runs.",
        subcommands: [BaselineCommand.self, MeasureCommand.self, ProfileCommand.self, ReportCommand.self]
    )
}

struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measures the scenarios at one scale, in the network namespace it is started in, which must be empty."
    )

    @OptionGroup var scale: ScaleOptions

    func run() async throws {
        try await Scenarios(scale.value).run()
    }
}

struct BaselineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Measures the kernel's own pace at one scale, in the network namespace it is started in, which must be empty."
    )

    @OptionGroup var scale: ScaleOptions

    func run() throws {
        try Baseline(scale.value).run()
    }
}

struct ScaleOptions: ParsableArguments {
    @Option(help: "How many Services.") var services: Int
    @Option(help: "How many endpoints each has.") var endpoints: Int

    var value: Scale { Scale(services: services, endpoints: endpoints) }
}
