import Addressing
import DataplaneModel
import DataplaneTesting
import Glibc
import KubernetesObjects
import Reconcile
import ServicePlan
import Synchronization
import SystemTesting
import Testing

@testable import ProxyService

/// What comes while everything is verified.
struct VerifyTests {
    private static let services = 500

    @Test func `a change that comes during a verifying pass is written before that has ended`() async throws {
        let progress = Progress()
        let dataplane = Dataplane(
            ipvs: SlowIPVS(progress), sets: FakeIPSet(), addresses: FakeAddresses(), rules: FakeRules())
        try await RunningProxy.run(
            arguments: ["--ipvs-sync-period", "1s", "--ipvs-min-sync-period", "0s"],
            dataplane: dataplane
        ) { running in
            await running.begin(
                (1...Self.services).flatMap { number -> [ObjectUpdate] in
                    let name = "web-\(number)"
                    return [.service(Sample.service(name, UInt32(number))), .slice(Sample.slice(name))]
                })
            // One of the passes after the first, and not its last steps.
            try await eventually("some have been read") { (50..<150).contains(progress.current.reads) }
            let writes = progress.current.writes
            await running.proxy.apply([.slice(Sample.slice("web-7", endpoints: 5))])
            try await eventually("the change is written") { progress.current.writes > writes }
            let reads = progress.current.readsAtLastWrite
            #expect(reads > 0 && reads < Self.services)
        }
    }

    @Test
    func `a change is written while the first pass binds addresses, and the family is not healthy before its end`()
        async throws
    {
        let progress = Progress()
        let dataplane = Dataplane(
            ipvs: SlowIPVS(progress), sets: FakeIPSet(), addresses: SlowAddresses(progress), rules: FakeRules())
        try await RunningProxy.run(arguments: ["--ipvs-min-sync-period", "0s"], dataplane: dataplane) { running in
            await running.begin(
                (1...3000).flatMap { number -> [ObjectUpdate] in
                    let name = "web-\(number)"
                    return [.service(Sample.service(name, UInt32(number))), .slice(Sample.slice(name))]
                })
            try await eventually("addresses are bound") { progress.current.bound > 0 }
            let writes = progress.current.writes
            await running.proxy.apply([.slice(Sample.slice("web-7", endpoints: 5))])
            try await eventually("the change is written") { progress.current.writes > writes }
            #expect(progress.current.boundAtLastWrite < 3000)
            let isHealthy = running.health.isHealthy
            #expect(progress.current.bound == 3000 || !isHealthy)
            try await eventually("the family is healthy") { running.health.isHealthy }
            #expect(progress.current.bound == 3000)
        }
    }

    @Test func `a change is written while the rules are listed, and what the listing shows is put right`() async throws
    {
        let progress = Progress()
        let rules = SlowRules(progress)
        let dataplane = Dataplane(
            ipvs: SlowIPVS(progress), sets: FakeIPSet(), addresses: FakeAddresses(), rules: rules)
        try await RunningProxy.run(
            arguments: ["--ipvs-sync-period", "1s", "--ipvs-min-sync-period", "0s"],
            dataplane: dataplane
        ) { running in
            await running.begin([.service(Sample.service("web", 1)), .slice(Sample.slice("web"))])
            try await eventually("a later pass lists the rules") { progress.current.isListingRules }
            let writes = progress.current.writes
            await running.proxy.apply([.slice(Sample.slice("web", endpoints: 5))])
            try await eventually("the change is written") { progress.current.writes > writes }
            #expect(progress.current.isListingRules)
            progress.change { $0.holdsListing = false }

            progress.change { $0.rulesToRemove = "KUBE-MARK-MASQ" }
            try await eventually("the rules are put back") {
                running.value("kubeipvs_drift_repaired_total{ip_family=\"IPv4\",kind=\"rules\"}") ?? 0 > 0
            }
        }
    }

    @Test func `settings of the kernel that somebody changed are put back by a verifying pass`() async throws {
        let settings = FakeSettings(["a": "0", "b": "0"])
        settings.readOnly = ["b"]
        let fake = FakeDataplane()
        let dataplane = Dataplane(
            ipvs: fake.ipvs, sets: fake.sets, addresses: fake.addresses, rules: fake.rules, settings: settings)
        try await RunningProxy.run(
            kernelSettings: [
                KernelSetting("a", .exactly(1), purpose: "first thing"),
                KernelSetting("b", .exactly(1), purpose: "second thing"),
            ],
            dataplane: dataplane
        ) { running in
            await running.begin([])
            try await eventually("the repair is counted") {
                running.value("kubeipvs_drift_repaired_total{ip_family=\"IPv4\",kind=\"sysctl\"}") == 1
            }
        }
    }
}

private final class Progress: Sendable {
    struct State {
        /// Virtual servers read since they were last listed.
        var reads = 0
        var writes = 0
        var readsAtLastWrite = 0
        /// Addresses bound.
        var bound = 0
        var boundAtLastWrite = 0
        var isListingRules = false
        /// Whether a listing of the rules, once begun, goes on.
        var holdsListing = true
        /// What somebody removes from the rules before they are next listed.
        var rulesToRemove: String?
    }

    private let state = Mutex(State())

    var current: State { state.withLock { $0 } }

    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }
}

/// Takes 2 ms for each virtual server that it reads.
private final class SlowIPVS: IPVSDataplane {
    private let fake = FakeIPVS()
    private let progress: Progress

    init(_ progress: Progress) {
        self.progress = progress
    }

    func listVirtualServers(
        restarting isStart: Bool,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> Bool {
        progress.change { $0.reads = 0 }
        return try fake.listVirtualServers(restarting: isStart, body)
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        try fake.virtualServer(id)
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        usleep(2000)
        progress.change { $0.reads += 1 }
        return try fake.realServers(of: id)
    }

    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        progress.change {
            $0.writes += 1
            $0.readsAtLastWrite = $0.reads
            $0.boundAtLastWrite = $0.bound
        }
        return try fake.apply(changes)
    }
}

/// Takes a tenth of a second for each batch of addresses.
private final class SlowAddresses: AddressDataplane {
    private let fake = FakeAddresses()
    private let progress: Progress

    init(_ progress: Progress) {
        self.progress = progress
    }

    func linkExists() throws(DataplaneError) -> Bool { try fake.linkExists() }
    func createLink() throws(DataplaneError) { try fake.createLink() }

    func listAddresses(
        of family: IPFamily,
        restarting isStart: Bool,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> Bool? {
        try fake.listAddresses(of: family, restarting: isStart, body)
    }

    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        usleep(100_000)
        progress.change { $0.bound += changes.count }
        return try fake.apply(changes)
    }
}

/// Lists the rules at once in the first pass, and then for as long as the test wants.
private final class SlowRules: RulesDataplane {
    private let fake = FakeRules()
    private let progress: Progress

    init(_ progress: Progress) {
        self.progress = progress
        // Each pass has to list them.
        fake.hasFingerprint = false
    }

    var supportsRandomFully: Bool { fake.supportsRandomFully }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        // The first pass lists them twice for each family: it writes them in between.
        if fake.saveCount >= 4 {
            progress.change { $0.isListingRules = true }
            while progress.current.holdsListing { try? await Task.sleep(for: .milliseconds(10)) }
            progress.change { $0.isListingRules = false }
        }
        var text: String?
        progress.change { text = $0.rulesToRemove.take() }
        if let text { fake.removeRules(containing: text, .v4) }
        return try await fake.save(family)
    }

    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        try await fake.restore(input, family)
    }
}
