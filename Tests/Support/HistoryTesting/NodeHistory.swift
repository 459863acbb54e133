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
    /// Of the last passes.
    private var drift: [ObjectKind: Int] = [:]

    private var cluster: RandomCluster
    private var table: ServiceTable
    private var random: SeededGenerator
    private var stranger: Stranger
    private var now = ContinuousClock.now
    private let dataplane: Dataplane
    private let breaker = Breaker()
    private let read: () throws -> NodeState
    /// What was there after the last step.
    private var state = NodeState()
    /// The rules that were last found to be as they should: for which servers, and as they were listed.
    private var rightRules: [IPFamily: (closedServers: Set<VirtualServer.ID>, listing: String)] = [:]

    /// How much happens to the rules: on the kernel each change, and the look at it, is a program of iptables, which costs
    /// more than all else of a step. They are compared after each step in any case.
    public enum RuleChanges: Sendable {
        case many
        case few
        /// Only those of the daemon's first start, and of the cleanup.
        case none

        /// How likely a Service has a range of addresses that may use its load balancer, for each of three.
        fileprivate var sourceRangePercent: Int {
            switch self {
            case .many: 20
            case .few: 1
            case .none: 0
            }
        }

        /// How much of what the stranger does is to rules.
        fileprivate var strangerPercent: Int {
            switch self {
            case .many: 15
            case .few: 1
            case .none: 0
            }
        }
    }

    /// - Parameters:
    ///   - serviceCount: how many names of Services there are in each of two namespaces.
    ///   - read: looks at what there is after a step; `nil` asks the data plane itself.
    ///   - removeLink: takes the dummy link away, as somebody else may.
    public init(
        seed: UInt64,
        on dataplane: Dataplane,
        serviceCount: Int = 8,
        ruleChanges: RuleChanges = .many,
        read: (() throws -> NodeState)? = nil,
        removeLink: @escaping () throws -> Void
    ) {
        self.seed = seed
        self.dataplane = dataplane.breaking(by: breaker)
        self.read = read ?? { try NodeState(of: dataplane) }
        cluster = RandomCluster(
            seed: seed, serviceCount: serviceCount, sourceRangePercent: ruleChanges.sourceRangePercent)
        random = SeededGenerator(seed: seed ^ 0x5eed)
        stranger = Stranger(
            seed: seed ^ 0x0dd,
            dataplane: dataplane,
            rulePercent: ruleChanges.strangerPercent,
            removeLink: removeLink
        )
        table = ServiceTable(facts: cluster.facts, configuration: cluster.configuration)
        reconcilers = Self.freshReconcilers()
    }

    private static func freshReconcilers() -> [FamilyReconciler<ServicePortID>] {
        IPFamily.allCases.map { family in
            var reconciler = FamilyReconciler<ServicePortID>(
                family: family,
                excludedNetworks: Stranger.excludedNetworks,
                ruleConfiguration: RuleConfiguration(),
                gracefulTimeout: .seconds(900)
            )
            // Few, so that much can happen between two readings.
            reconciler.virtualServersPerReading = 3
            return reconciler
        }
    }

    /// Virtual servers in them are the stranger's.
    public var excludedNetworks: [IPPrefix] { Stranger.excludedNetworks }

    /// Those that the stranger has made in the excluded networks: nobody may remove them.
    public var serversOfStranger: Set<VirtualServer.ID> { stranger.ownServers }

    // MARK: Steps

    /// Goes a step further.
    ///
    /// - Returns: what is then wrong, each as a sentence; nothing if the kernel holds what it should.
    public mutating func step() async throws -> [String] {
        // The first pass of a daemon is a verifying one.
        guard !events.isEmpty else { return try await restart() }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<54:
            changeObjects()
            return try await pass(.changes)
        case 54..<60:
            changeObjects()
            let wrong = try await pass(.verify)
            return wrong + driftOfNobody
        case 60..<66:
            return try await changeObjectsDuringVerify()
        case 66..<72:
            return try await restart()
        case 72..<92:
            return try await interfere()
        case 92..<96:
            return try await breakOff()
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
        Self.plan(&table, for: &reconcilers)
    }

    private static func plan(
        _ table: inout ServiceTable,
        for reconcilers: inout [FamilyReconciler<ServicePortID>]
    ) {
        table.planDirty(in: reconcilers.map(\.family)) { id, family, contribution, _ in
            for index in reconcilers.indices where reconcilers[index].family == family {
                reconcilers[index].replaceContribution(of: id, with: contribution)
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
        guard Bool.random(using: &random) else { return try await pass(.verify) }
        // What changes meanwhile is written once enough is known of the kernel's state.
        let wrong = await verifyInSteps { history in
            history.changeObjects()
            for index in history.reconcilers.indices where history.reconcilers[index].takesChanges {
                _ = await history.passOnce(.changes, index)
            }
        }
        let wrongAfter = try await pass(.changes)
        return wrong + wrongAfter
    }

    /// Objects change while everything is verified, and are written between its steps. None of that is drift.
    private mutating func changeObjectsDuringVerify() async throws -> [String] {
        let wrong = await verifyInSteps { history in
            history.changeObjects()
            for index in history.reconcilers.indices { _ = await history.passOnce(.changes, index) }
        }
        let wrongAfter = try await compare()
        return wrong + wrongAfter + driftOfNobody
    }

    /// Verifies both families step by step, and lets something happen between some of the steps.
    private mutating func verifyInSteps(
        _ happen: (inout NodeHistory) async throws -> Void
    ) async rethrows -> [String] {
        events.append("a verifying pass begins")
        drift = [:]
        let listing = VirtualServerListing()
        for index in reconcilers.indices { reconcilers[index].beginVerifying(sharing: listing) }
        var wrong: [String] = []
        // The first pass of a daemon goes on when its rules have been kept.
        var work: [IPFamily: RulesWork] = [:]
        while let index = reconcilers.firstIndex(where: \.isVerifying) {
            wrong += await keepRules(&work)
            if Int.random(in: 0..<8, using: &random) == 0 { try await happen(&self) }
            if let report = await reconcilers[index].continueVerifying(at: now, on: dataplane) {
                note(report)
                wrong += Self.problems(in: report)
            }
        }
        for index in reconcilers.indices { wrong += await keepRulesToTheEnd(index, work) }
        events.append("the verifying pass has ended")
        return wrong
    }

    /// Keeps the rules beside the passes: work that is wanted begins and runs at some time, and is handed back sooner or later,
    /// perhaps when what it saw is no longer true.
    private mutating func keepRules(_ work: inout [IPFamily: RulesWork]) async -> [String] {
        var wrong: [String] = []
        for index in reconcilers.indices where Bool.random(using: &random) {
            let family = reconcilers[index].family
            if let done = work[family] {
                guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
                work[family] = nil
                wrong += end(done, index)
            } else if var begun = reconcilers[index].beginRules(at: now) {
                await begun.run(on: dataplane.rules)
                work[family] = begun
            }
        }
        return wrong
    }

    private mutating func keepRulesToTheEnd(_ index: Int, _ work: [IPFamily: RulesWork]) async -> [String] {
        var wrong: [String] = []
        if let done = work[reconcilers[index].family] { wrong += end(done, index) }
        while var begun = reconcilers[index].beginRules(at: now) {
            await begun.run(on: dataplane.rules)
            wrong += end(begun, index)
        }
        return wrong
    }

    private mutating func end(_ work: RulesWork, _ index: Int) -> [String] {
        let report = reconcilers[index].endRules(work, at: now)
        note(report)
        return Self.problems(in: report)
    }

    /// What the last verifying passes told of as changed by somebody else, where nobody did.
    private var driftOfNobody: [String] {
        drift.map { "\($1) \($0.rawValue) told of as drift" }
    }

    private mutating func interfere() async throws -> [String] {
        if Int.random(in: 0..<4, using: &random) == 0 {
            // Whatever part the stranger changes after it was read, or before, is left for the next verifying pass.
            _ = try await verifyInSteps { history in
                try await history.letStrangerAct()
                history.changeObjects()
                for index in history.reconcilers.indices { _ = await history.passOnce(.changes, index) }
            }
            return try await pass(.verify)
        }
        try await letStrangerAct()
        if Int.random(in: 0..<3, using: &random) == 0 {
            // The daemon does not know yet: what it writes now may be refused, and the next verifying pass mends it.
            changeObjects()
            for index in reconcilers.indices { _ = await passOnce(.changes, index) }
        }
        return try await pass(.verify)
    }

    private mutating func letStrangerAct() async throws {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            guard let family = IPFamily.allCases.randomElement(using: &random) else { continue }
            events.append(try await stranger.act(family, state))
        }
    }

    /// A pass that breaks off in the middle, because an answer was lost or because the daemon is killed.
    private mutating func breakOff() async throws -> [String] {
        changeObjects()
        let dies = Bool.random(using: &random)
        let limit = Int.random(in: 0...8, using: &random)
        for index in reconcilers.indices {
            breaker.arm(dies ? .death : .lostAnswer, after: limit)
            _ = await passOnce(.changes, index)
            if breaker.hasBroken { events.append("\(reconcilers[index].family) breaks off after \(limit) changes") }
        }
        breaker.disarm()
        if dies { return try await restart() }
        // What was not written stays pending: it is done now, or at the latest when all is read. Connections of who drains
        // are counted every few seconds.
        now = now.advanced(by: .seconds(6))
        for index in reconcilers.indices { _ = await passOnce(.changes, index) }
        return try await pass(.verify)
    }

    private mutating func passOnce(_ mode: PassMode, _ index: Int) async -> PassReport {
        let report = await reconcilers[index].pass(mode, at: now, on: dataplane)
        note(report)
        return report
    }

    private mutating func note(_ report: PassReport) {
        written += report.applied.values.reduce(0, +)
        repaired += report.drift.values.reduce(0, +)
        drift.merge(report.drift, uniquingKeysWith: +)
    }

    private static func problems(in report: PassReport) -> [String] {
        report.failures.map { "\(report.family): \($0)" }
            + report.refusals.map { "\(report.family): \($0.attempt): \($0.error)" }
    }

    private mutating func pass(_ mode: PassMode) async throws -> [String] {
        drift = [:]
        var wrong: [String] = []
        for index in reconcilers.indices {
            wrong += Self.problems(in: await passOnce(mode, index))
        }
        let differences = try await compare()
        return wrong + differences
    }

    // MARK: Comparing

    /// How the kernel differs from what is wanted.
    private mutating func compare() async throws -> [String] {
        state = try read()
        var wrong: [String] = []
        for reconciler in reconcilers {
            wrong += differences(of: state, from: reconciler.desired, reconciler.family)
            wrong += try await ruleDifferences(from: reconciler.desired, reconciler.family)
        }
        return wrong
    }

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
    public func differences(from desired: DesiredState<ServicePortID>, _ family: IPFamily) throws -> [String] {
        differences(of: try read(), from: desired, family)
    }

    private func differences(
        of state: NodeState,
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) -> [String] {
        var wrong = virtualServerDifferences(of: state, from: desired, family)
        for set in ServiceSet.allCases {
            let name = set.name(for: family)
            guard let members = state.sets[name] else {
                wrong.append("\(name) is not there")
                continue
            }
            let wanted = Set(desired.entries(of: set))
            guard members != wanted else { continue }
            wrong += members.subtracting(wanted).map { "\(name) has \($0)" }
            wrong += wanted.subtracting(members).map { "\(name) lacks \($0)" }
        }
        let bound = state.addresses.filter { $0.family == family }
        wrong += bound.filter { !desired.contains($0) }.map { "\($0) is bound" }
        wrong += desired.addresses.filter { !bound.contains($0) }.map { "\($0) is not bound" }
        return wrong
    }

    private mutating func ruleDifferences(
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) async throws -> [String] {
        let closedServers = Set(desired.serversClosedToNode)
        let listing = try await dataplane.rules.save(family)
        if let right = rightRules[family], right.listing == listing, right.closedServers == closedServers { return [] }
        var configuration = RuleConfiguration()
        configuration.usesRandomFully = dataplane.rules.supportsRandomFully
        let wanted = Ruleset(configuration, family, closedServers: desired.serversClosedToNode)
        if let input = wanted.restoreInput(over: InstalledRules(listing)) {
            return ["rules of \(family) differ:\n\(input)"]
        }
        rightRules[family] = (closedServers, listing)
        return []
    }

    private func virtualServerDifferences(
        of state: NodeState,
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) -> [String] {
        var wrong: [String] = []
        for (id, observed) in state.servers where id.family == family {
            guard let wanted = desired[id] else {
                if !Stranger.mayKeep(id) { wrong.append("\(id) is there") }
                continue
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
        wrong += desired.virtualServerIDs.filter { state.servers[$0] == nil }.map { "\($0) is not there" }
        wrong += stranger.ownServers.filter { $0.family == family && state.servers[$0] == nil }
            .map { "\($0), which is excluded, is gone" }
        return wrong
    }
}
