import Addressing
import ArgumentParser
import DataplaneModel
import Reconcile

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Loads a scale several times into a kernel that takes everything and does nothing: for a profiler."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "How often.") var repetitions = 10

    func run() async throws {
        let updates = scale.value.updates
        var best = (plan: Double.infinity, pass: Double.infinity)
        for _ in 0..<repetitions {
            let kernel = WillingKernel()
            var node = MeasuredNode(Dataplane(ipvs: kernel, sets: kernel, addresses: kernel, rules: kernel))
            let plan = await Meter.measure { node.take(updates) }
            let pass = try await Meter.measure { try await node.pass(.verify) }
            best = (min(best.plan, plan.wall), min(best.pass, pass.wall))
        }
        print("plan \(best.plan) s, pass \(best.pass) s, peak RSS \(Meter.peakResident) MiB")
    }
}

/// Holds nothing and refuses nothing.
final class WillingKernel: IPVSDataplane, IPSetDataplane, AddressDataplane, RulesDataplane {
    func forEachVirtualServer(of family: IPFamily, _ body: (ObservedVirtualServer) -> Void) {}
    func listVirtualServers() -> [ObservedVirtualServer] { [] }
    func virtualServer(_ id: VirtualServer.ID) -> ObservedVirtualServer? { nil }
    func realServers(of id: VirtualServer.ID) -> [ObservedRealServer]? { [] }
    func apply(_ changes: [IPVSChange]) -> [RefusedChange<IPVSChange>] { [] }

    func definition(ofSetNamed name: String) -> IPSetDefinition? { nil }
    func members(of set: IPSetDefinition) -> Set<IPSetEntry> { [] }
    func create(_ set: IPSetDefinition) {}
    func swap(_ first: String, _ second: String) {}
    func destroy(_ name: String) {}
    func apply(_ changes: [IPSetChange]) -> [RefusedChange<IPSetChange>] { [] }

    func linkExists() -> Bool { true }
    func createLink() {}
    func boundAddresses(of family: IPFamily) -> Set<IPAddress> { [] }
    func apply(_ changes: [AddressChange]) -> [RefusedChange<AddressChange>] { [] }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? { nil }
    func save(_ family: IPFamily) async -> String { "" }
    func restore(_ input: String, _ family: IPFamily) async {}
    var supportsRandomFully: Bool { true }
}
