// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import Reconcile
import ServicePlan

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Loads a scale several times into a kernel that takes everything and does nothing: for a profiler."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "How often.") var repetitions = 10
    @Flag(help: "Load once, and say how much memory each stage has added.") var memory = false

    func run() async throws {
        if memory { return try await reportMemory() }
        let updates = scale.value.updates
        var best = (plan: Double.infinity, pass: Double.infinity)
        for _ in 0..<repetitions {
            let kernel = WillingKernel()
            let node = MeasuredNode(Dataplane(ipvs: kernel, sets: kernel, addresses: kernel, rules: kernel))
            let plan = await Meter.measure { node.take(updates) }
            let pass = try await Meter.measure { try await node.verify() }
            best = (min(best.plan, plan.wall), min(best.pass, pass.wall))
        }
        print("plan \(best.plan) s, pass \(best.pass) s, peak RSS \(Meter.peakResident) MiB")
    }
}

extension ProfileCommand {
    /// Says what each stage has added to what is allocated. Objects are shared with the service table, and arrays of real
    /// servers by contributions, what is wanted and the mirror; so each stage is told with what it adds to the former ones.
    private func reportMemory() async throws {
        let kernel = WillingKernel()
        let node = MeasuredNode(Dataplane(ipvs: kernel, sets: kernel, addresses: kernel, rules: kernel))
        var last = Meter.allocated
        func tell(_ stage: String) {
            let now = Meter.allocated
            print("\(stage): \(((now - last) * 10).rounded() / 10) MiB, together \((now * 10).rounded() / 10) MiB")
            last = now
        }
        print("before: \((last * 10).rounded() / 10) MiB")
        var services: [ObjectUpdate] = []
        for number in 0..<scale.services { services.append(.service(scale.value.service(number))) }
        tell("Services")
        var slices: [ObjectUpdate] = []
        for number in 0..<scale.services { slices.append(.slice(scale.value.slice(number))) }
        tell("EndpointSlices")
        node.file(services + slices)
        (services, slices) = ([], [])
        tell("service table")
        node.plan()
        tell("contributions and what is wanted")
        try await node.verify()
        tell("mirror")
        print("peak RSS \(Meter.peakResident) MiB")
    }
}

/// Holds nothing and refuses nothing.
final class WillingKernel: IPVSDataplane, IPSetDataplane, AddressDataplane, RulesDataplane {
    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) -> ReadingProgress { .complete }
    func virtualServer(_ id: VirtualServer.ID) -> ObservedVirtualServer? { nil }
    func realServers(of id: VirtualServer.ID) -> [ObservedRealServer]? { [] }
    func apply(_ changes: [IPVSChange]) -> [RefusedChange<IPVSChange>] { [] }

    func definition(ofSetNamed name: String) -> IPSetDefinition? { nil }
    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) -> ReadingProgress { .complete }
    func create(_ set: IPSetDefinition) {}
    func swap(_ first: String, _ second: String) {}
    func destroy(_ name: String) {}
    func destroyReleased(_ name: String) {}
    func destroyIfPresent(_ name: String) -> Bool { false }
    func apply(_ changes: [IPSetChange]) -> [RefusedChange<IPSetChange>] { [] }

    func linkExists() -> Bool { true }
    func createLink() {}
    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) -> ReadingProgress { .complete }
    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) -> ReadingProgress { .complete }
    func apply(_ changes: [AddressChange]) -> [RefusedChange<AddressChange>] { [] }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? { nil }
    func save(_ family: IPFamily) async -> String { "" }
    func restore(_ input: String, _ family: IPFamily) async {}
    var supportsRandomFully: Bool { true }
}
