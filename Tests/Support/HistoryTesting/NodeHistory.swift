// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import DataplaneTesting
public import NodeSync
public import Reconcile
import ServicePlan
import SystemTesting

/// A node's life at random: objects change, the daemon starts anew, time passes, and somebody else changes what the daemon
/// has written. After each step what the kernel holds is compared with what it should.
///
/// It works on any data plane, the kernel's or a model of it, and drives the daemon's own loop on a clock that it moves.
public struct NodeHistory {
    public let seed: UInt64
    /// What has happened, for the message of a failure.
    public internal(set) var events: [String] = []
    /// How many objects passes have written, and how many of them because somebody else had changed them.
    public internal(set) var written = 0
    public internal(set) var repaired = 0

    var cluster: RandomCluster
    var node: NodeReconciler
    var random: SeededGenerator
    var stranger: Stranger
    let clock = ManualClock()
    let dataplane: Dataplane
    let breaker = Breaker()
    /// Rules that the daemon has begun to keep before it knew the objects.
    var rulesAhead: [RulesWork] = []
    /// How the daemon that runs has virtual IPs.
    public internal(set) var virtualIPs: VirtualIPMode
    /// Whether a restart may change that.
    private let changesOver: Bool
    /// Of the passes since the last look at them.
    let reports = PassReports()
    let read: () throws -> NodeState
    /// What was there after the last step.
    var state = NodeState()
    /// The rules that were last found to be as they should: for which servers, and as they were listed.
    var rightRules: [IPFamily: (closedServers: Set<VirtualServer.ID>, listing: String)] = [:]

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
    ///   - withRoutes: whether virtual IPs are routes at first, and in the one or the other way after each restart.
    ///   - serviceCount: how many names of Services there are in each of two namespaces.
    ///   - read: looks at what there is after a step; `nil` asks the data plane itself.
    ///   - removeLink: takes the dummy link away, as others may.
    public init(
        seed: UInt64,
        on dataplane: Dataplane,
        withRoutes: Bool = false,
        serviceCount: Int = 8,
        ruleChanges: RuleChanges = .many,
        read: (() throws -> NodeState)? = nil,
        removeLink: @escaping () throws -> Void
    ) {
        self.seed = seed
        virtualIPs = withRoutes ? .routes : .addresses
        changesOver = withRoutes
        self.dataplane = dataplane.breaking(by: breaker)
        self.read = read ?? { try NodeState(of: dataplane) }
        cluster = RandomCluster(
            seed: seed, serviceCount: serviceCount, sourceRangePercent: ruleChanges.sourceRangePercent)
        random = SeededGenerator(seed: seed ^ 0x5eed)
        stranger = Stranger(
            seed: seed ^ 0x0dd,
            dataplane: dataplane,
            rulePercent: ruleChanges.strangerPercent,
            changesRoutes: withRoutes,
            removeLink: removeLink
        )
        node = Self.freshNode(
            ServiceTable(facts: cluster.facts, configuration: cluster.configuration), virtualIPs, clock)
    }

    /// A daemon that has just started.
    private static func freshNode(
        _ table: ServiceTable,
        _ virtualIPs: VirtualIPMode,
        _ clock: ManualClock
    ) -> NodeReconciler {
        let settings = SyncSettings(
            families: IPFamily.allCases,
            minSyncPeriod: minSyncPeriod,
            syncPeriod: syncPeriod,
            excludedNetworks: Stranger.excludedNetworks,
            virtualIPs: virtualIPs
        )
        let node = NodeReconciler(table, settings, clock: clock) { _ in Self.rules(virtualIPs) }
        // Few, so that much can happen between two readings.
        node.setVirtualServersPerReading(3)
        return node
    }

    /// What the rules depend on, as the daemon of that way has it.
    public static func rules(_ virtualIPs: VirtualIPMode) -> RuleConfiguration {
        RuleConfiguration(ownTraffic: virtualIPs == .routes ? .isFromTheNode : .isFromVirtualIPs)
    }

    static var minSyncPeriod: Duration { .seconds(1) }
    static var syncPeriod: Duration { .seconds(30) }

    /// Both families' passes, and what they desire.
    public var families: [FamilyPasses] { node.families }

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
            return try await pass(after: Self.minSyncPeriod)
        case 54..<60:
            changeObjects()
            let wrong = try await pass(after: Self.syncPeriod)
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
            return try await pass(after: .seconds(901))
        }
    }

    private mutating func changeObjects() {
        let count = Int.random(in: 1...4, using: &random)
        events.append("\(count) objects change")
        for _ in 0..<count {
            switch cluster.nextChange() {
            case .object(let update): node.apply([update])
            case .facts(let facts): node.replaceNodeFacts(facts)
            }
        }
    }

    /// A daemon that was killed, perhaps with changes that it had not written, and one that starts from nothing.
    private mutating func restart() async throws -> [String] {
        if changesOver, let mode = VirtualIPMode.allCases.randomElement(using: &random), mode != virtualIPs {
            virtualIPs = mode
            rightRules = [:]
        }
        events.append("the daemon starts anew, with virtual IPs as \(virtualIPs)")
        if Bool.random(using: &random) {
            for _ in 0..<3 { _ = cluster.nextChange() }
        }
        node = Self.freshNode(cluster.scratchTable(), virtualIPs, clock)
        if try await getAhead() {
            await settle()
            return try await mend()
        }
        guard Bool.random(using: &random) else { return try await pass(after: .zero) }
        // What changes meanwhile is written once enough is known of the kernel's state.
        let wrong = await verifyInSteps { $0.changeObjectsAndWait() }
        let wrongAfter = try await pass(after: Self.minSyncPeriod)
        return wrong + wrongAfter
    }

    private mutating func changeObjectsAndWait() {
        changeObjects()
        clock.advance(by: Self.minSyncPeriod)
    }

    /// Objects change while everything is verified, and are written between its steps. None of that is drift.
    private mutating func changeObjectsDuringVerify() async throws -> [String] {
        clock.advance(by: Self.syncPeriod)
        let wrong = await verifyInSteps { $0.changeObjectsAndWait() } + driftOfNobody
        let wrongAfter = try await pass(after: Self.minSyncPeriod)
        return wrong + wrongAfter + driftOfNobody
    }

    private mutating func interfere() async throws -> [String] {
        if Int.random(in: 0..<4, using: &random) == 0 {
            // Whatever part the stranger changes after it was read, or before, is left for the next verifying pass.
            clock.advance(by: Self.syncPeriod)
            _ = try await verifyInSteps { history in
                try await history.letStrangerAct()
                history.changeObjectsAndWait()
            }
            return try await mend()
        }
        try await letStrangerAct()
        if Int.random(in: 0..<3, using: &random) == 0 {
            // The daemon does not know yet: what it writes now may be refused, and the next verifying pass mends it.
            changeObjectsAndWait()
            await settle()
        }
        return try await mend()
    }

    mutating func letStrangerAct() async throws {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            guard let family = IPFamily.allCases.randomElement(using: &random) else { continue }
            events.append(try await stranger.act(family, state))
        }
    }

    /// A pass that breaks off in the middle, because an answer was lost or because the daemon is killed.
    private mutating func breakOff() async throws -> [String] {
        changeObjectsAndWait()
        let dies = Bool.random(using: &random)
        let limit = Int.random(in: 0...8, using: &random)
        breaker.arm(dies ? .death : .lostAnswer, after: limit)
        await settle()
        if breaker.hasBroken { events.append("a pass breaks off after \(limit) changes") }
        breaker.disarm()
        if dies { return try await restart() }
        return try await mend()
    }
}
