public import Addressing
public import DataplaneModel
public import Reconcile
public import ServicePlan
import SystemTesting

/// A node's life at random: objects change, the daemon starts anew, time passes, and somebody else changes what the daemon
/// has written. After each step what the kernel holds is compared with what it should.
///
/// It works on any data plane, the kernel's or a model of it.
public struct NodeHistory {
    public let seed: UInt64
    /// What has happened, for the message of a failure.
    public private(set) var events: [String] = []
    public private(set) var reconcilers: [FamilyReconciler<ServicePortID>]
    /// How many objects passes have written, and how many of them because somebody else had changed them.
    public private(set) var written = 0
    public private(set) var repaired = 0

    private var cluster: RandomCluster
    private var table: ServiceTable
    private var random: SeededGenerator
    private var stranger: Stranger
    private var now = ContinuousClock.now
    private let dataplane: Dataplane

    /// - Parameter removeLink: takes the dummy link away, as somebody else may.
    public init(seed: UInt64, on dataplane: Dataplane, removeLink: @escaping () throws -> Void) {
        self.seed = seed
        self.dataplane = dataplane
        cluster = RandomCluster(seed: seed)
        random = SeededGenerator(seed: seed ^ 0x5eed)
        stranger = Stranger(seed: seed ^ 0x0dd, dataplane: dataplane, removeLink: removeLink)
        table = ServiceTable(facts: cluster.facts, configuration: cluster.configuration)
        reconcilers = Self.freshReconcilers()
    }

    private static func freshReconcilers() -> [FamilyReconciler<ServicePortID>] {
        IPFamily.allCases.map { family in
            FamilyReconciler(
                family: family,
                excludedNetworks: Stranger.excludedNetworks,
                ruleConfiguration: RuleConfiguration(),
                gracefulTimeout: .seconds(900)
            )
        }
    }

    // MARK: Steps

    /// Goes a step further.
    ///
    /// - Returns: what is then wrong, each as a sentence; nothing if the kernel holds what it should.
    public mutating func step() async throws -> [String] {
        // The first pass of a daemon is a verifying one.
        guard !events.isEmpty else { return try await restart() }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<60:
            changeObjects()
            return try await pass(.changes)
        case 60..<66:
            changeObjects()
            return try await pass(.verify)
        case 66..<72:
            return try await restart()
        case 72..<96:
            return try await interfere()
        default:
            events.append("a quarter of an hour passes")
            now = now.advanced(by: .seconds(901))
            return try await pass(.changes)
        }
    }

    private mutating func changeObjects() {
        let count = Int.random(in: 1...4, using: &random)
        events.append("\(count) objects change")
        for _ in 0..<count { cluster.step(&table) }
        plan()
    }

    private mutating func plan() {
        for id in table.takeDirty() {
            for index in reconcilers.indices {
                let plan = table.plan(of: id, in: reconcilers[index].family)
                reconcilers[index].replaceContribution(of: id, with: plan.contribution)
            }
        }
    }

    /// A daemon that was killed, perhaps with changes that it had not written, and one that starts from nothing.
    private mutating func restart() async throws -> [String] {
        events.append("the daemon starts anew")
        if Bool.random(using: &random) {
            for _ in 0..<3 { cluster.step(&table) }
        }
        table = cluster.scratchTable()
        reconcilers = Self.freshReconcilers()
        plan()
        return try await pass(.verify)
    }

    private mutating func interfere() async throws -> [String] {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            guard let family = IPFamily.allCases.randomElement(using: &random) else { continue }
            events.append(try await stranger.act(family))
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            // The daemon does not know yet: what it writes now may be refused, and the next verifying pass mends it.
            changeObjects()
            for index in reconcilers.indices { _ = await passOnce(.changes, index) }
        }
        return try await pass(.verify)
    }

    private mutating func passOnce(_ mode: PassMode, _ index: Int) async -> PassReport {
        let report = await reconcilers[index].pass(mode, at: now, on: dataplane)
        written += report.applied.values.reduce(0, +)
        repaired += report.drift.values.reduce(0, +)
        return report
    }

    private mutating func pass(_ mode: PassMode) async throws -> [String] {
        var wrong: [String] = []
        for index in reconcilers.indices {
            let report = await passOnce(mode, index)
            wrong += report.failures.map { "\(report.family): \($0)" }
            wrong += report.refusals.map { "\(report.family): \($0.attempt): \($0.error)" }
            let (desired, family) = (reconcilers[index].desired, reconcilers[index].family)
            wrong += try differences(from: desired, family)
            // A pass of mode `changes` looks at the rules only when they are to change, and so does this now and then:
            // reading them is what costs most.
            if mode == .verify || Int.random(in: 0..<10, using: &random) == 0 {
                wrong += try await ruleDifferences(from: desired, family)
            }
        }
        return wrong
    }

    // MARK: Comparing

    /// What a daemon that saw nothing but the objects of now would want.
    public mutating func planFromScratch(_ family: IPFamily) -> DesiredState<ServicePortID> {
        let table = cluster.scratchTable()
        var desired = DesiredState<ServicePortID>()
        var touched = TouchedObjects()
        for id in table.servicePorts {
            desired.replaceContribution(of: id, with: table.plan(of: id, in: family).contribution, touched: &touched)
        }
        return desired
    }

    /// How the kernel differs from what is wanted, but for the rules.
    public func differences(
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) throws -> [String] {
        var wrong = try virtualServerDifferences(from: desired, family)
        for set in ServiceSet.allCases {
            let members = try dataplane.sets.members(of: IPSetDefinition(set, family))
            let wanted = Set(desired.entries(of: set))
            wrong += members.subtracting(wanted).map { "\(set.name(for: family)) has \($0)" }
            wrong += wanted.subtracting(members).map { "\(set.name(for: family)) lacks \($0)" }
        }
        let bound = try dataplane.addresses.boundAddresses(of: family)
        wrong += bound.filter { !desired.contains($0) }.map { "\($0) is bound" }
        wrong += desired.addresses.filter { !bound.contains($0) }.map { "\($0) is not bound" }
        return wrong
    }

    private func ruleDifferences(
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) async throws -> [String] {
        var configuration = RuleConfiguration()
        configuration.usesRandomFully = dataplane.rules.supportsRandomFully
        let rules = Ruleset(configuration, family, closedServers: desired.serversClosedToNode)
        let installed = InstalledRules(try await dataplane.rules.save(family))
        return rules.restoreInput(over: installed).map { ["rules of \(family) differ:\n\($0)"] } ?? []
    }

    private func virtualServerDifferences(
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) throws -> [String] {
        var wrong: [String] = []
        var seen: Set<VirtualServer.ID> = []
        try dataplane.ipvs.forEachVirtualServer(of: family) { observed in
            guard case .address(let id) = observed.identity else { return }
            seen.insert(id)
            guard let wanted = desired[id] else {
                if !Stranger.mayKeep(id) { wrong.append("\(id) is there") }
                return
            }
            var configuration = observed.configuration
            configuration.flags.remove(.hashed)
            if configuration != wanted.configuration {
                wrong.append("\(id) is \(configuration) and not \(wanted.configuration)")
            }
            // Who drains stays as long as he has connections.
            let wantedIDs = Set(wanted.realServers.lazy.map(\.id))
            let servers = observed.realServers.filter { server in
                let drains =
                    server.realServer.weight == 0 && id.transport == .tcp
                    && server.activeConnections + server.inactiveConnections > 0
                return !drains || wantedIDs.contains(server.realServer.id)
            }
            let found = servers.map(\.realServer).sorted { $0.id < $1.id }
            if found != wanted.realServers {
                wrong.append("\(id) has \(found) and not \(wanted.realServers)")
            }
        }
        wrong += desired.virtualServerIDs.filter { !seen.contains($0) }.map { "\($0) is not there" }
        wrong += stranger.ownServers.filter { $0.family == family && !seen.contains($0) }
            .map { "\($0), which is excluded, is gone" }
        return wrong
    }
}
