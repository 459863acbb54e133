// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// Keeps one family's part of the kernel as it is desired. IPv4 and IPv6 have one each, and share no state.
///
/// Each part of the kernel has a keeper, which owns what is known of it. Here is who wants what, and the order of a pass.
///
/// A pass of mode `changes` trusts what the kernel has acknowledged and costs what has changed. A pass of mode `verify` reads
/// the kernel first. What the kernel refuses is tried again after a delay of its own, and by the next verifying pass. What
/// belongs to a part that failed stays pending until that part has been read again.
public struct FamilyReconciler<Owner: Hashable & Comparable & Sendable> {
    public let family: IPFamily

    /// Virtual servers inside these networks belong to other programs (`ipvs.excludeCIDRs`): never removed.
    public let excludedNetworks: [IPPrefix]

    public private(set) var desired = DesiredState<Owner>()
    /// Objects that may differ from what is wanted, and have not been handed to their keepers.
    var touched = TouchedObjects()

    var sets: SetKeeper
    var servers: VirtualServerKeeper
    var addresses: AddressKeeper
    var flows: FlowKeeper
    var rules: RuleKeeper
    /// Whether the work of keeping them is handed out.
    var rulesAreUnderWay = false
    var rulesBackoff = RetryBackoff()
    /// Whether they have been kept once, whatever came of it.
    var hasTriedRules = false

    /// What has been done before it is known what is wanted.
    var headStart = HeadStart()
    /// The verifying pass that is under way.
    var verification = Verification()
    /// Whether a verifying pass has ended, whatever came of it.
    var hasEndedVerifying = false
    /// Whether a verifying pass has read what makes virtual IPs the node's own, and made them so in the daemon's way.
    var hasMadeVirtualIPs = false
    /// Whether a verifying pass has read everything. Until then, differences are what was left over, not drift.
    var hasReadKernel = false

    /// - Parameters:
    ///   - gracefulTimeout: the longest time that a removed TCP real server keeps its connections.
    ///   - virtualIPs: how they become the node's own.
    public init(
        family: IPFamily,
        excludedNetworks: [IPPrefix] = [],
        ruleConfiguration: RuleConfiguration,
        gracefulTimeout: Duration,
        virtualIPs: VirtualIPMode = .addresses
    ) {
        self.family = family
        self.excludedNetworks = excludedNetworks
        servers = VirtualServerKeeper(
            family: family, excludedNetworks: excludedNetworks, gracefulTimeout: gracefulTimeout)
        sets = SetKeeper(family: family)
        addresses = AddressKeeper(family: family, mode: virtualIPs)
        flows = FlowKeeper(family: family)
        rules = RuleKeeper(configuration: ruleConfiguration, family: family)
        touched.isEverything = true
    }

    /// Announces how many owners are about to contribute. Some of them may contribute nothing.
    public mutating func expect(owners: Int) {
        desired.expectedOwners = owners
    }

    /// Makes `contribution` all that `owner` wants, from the next pass on.
    ///
    /// - Returns: whether that changes anything.
    @discardableResult
    public mutating func replaceContribution(of owner: Owner, with contribution: consuming Contribution) -> Bool {
        desired.replaceContribution(of: owner, with: contribution, touched: &touched)
    }

    /// The contests over virtual servers that have changed since this was last asked.
    public mutating func takeChangedContests() -> [Contest<Owner>] {
        desired.takeChangedContests()
    }

    /// Whether verifying passes report the counters of virtual servers.
    public var collectsStatistics: Bool {
        get { servers.collectsStatistics }
        set { servers.collectsStatistics = newValue }
    }

    /// Virtual servers that one step of a verifying pass reads, at 60 µs each in User Mode Linux.
    public var virtualServersPerReading: Int {
        get { servers.virtualServersPerReading }
        set { servers.virtualServersPerReading = newValue }
    }

    /// Takes over what the rules depend on, from the next pass on.
    public mutating func replaceRuleConfiguration(_ configuration: RuleConfiguration) {
        guard rules.configuration != configuration else { return }
        rules.configuration = configuration
        touched.rules = true
    }

    /// Compares notifications about addresses of the dummy link and about local routes with what is desired. Where they
    /// differ, the next pass reads both. Echoes of our own writes do not differ.
    ///
    /// - Returns: whether there is something to be read.
    public mutating func noteVirtualIPs(_ events: AddressEvents) -> Bool {
        guard hasReadKernel else { return false }
        takeTouched()
        return addresses.note(events, desired)
    }

    /// Whether the last pass of mode `changes` has left something for the next one, which may follow at once.
    public var hasMore: Bool { servers.hasMore || addresses.hasMore }

    /// Whether a pass of mode `changes` at that instant would have anything to do.
    public func hasWork(at now: ContinuousClock.Instant) -> Bool {
        hasMore || !touched.isEmptyButForRules || sets.hasWork || servers.hasWork || addresses.hasWork || flows.hasWork
            || [nextDrainPoll, nextRise, nextRetry].contains { $0.map { $0 <= now } ?? false }
    }

    /// What the kernel has refused.
    public var refused: RefusedObjects {
        RefusedObjects(virtualServers: servers.refused, setEntries: sets.refused, addresses: addresses.refused)
    }

    /// When an object that the kernel has refused is to be tried again; `nil` where there is none.
    public var nextRetry: ContinuousClock.Instant? { refused.nextRetry }

    /// When the connections of draining real servers are to be counted; `nil` when none drains, or nothing is known of them.
    public var nextDrainPoll: ContinuousClock.Instant? { servers.nextDrainPoll }

    /// When the weights of new real servers rise next; `nil` when none does.
    public var nextRise: ContinuousClock.Instant? { servers.nextRise }

    /// Brings the kernel to the desired state.
    ///
    /// A pass is made whole, the rules included: as `writeChanges`, or `beginVerifying` and `continueVerifying`, make it in
    /// parts.
    public mutating func pass(
        _ mode: PassMode,
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) async -> PassReport {
        var rules = PassReport(family: family, mode: .rules)
        if let report = await keepRules(at: now, on: dataplane.rules) { rules.add(report) }
        guard mode != .rules else { return rules }
        var ended: PassReport? = mode == .changes ? PassReport(family: family, mode: mode) : nil
        if mode == .verify { beginVerifying() }
        while ended == nil {
            ended = await continueVerifying(at: now, on: dataplane)
            if let report = await keepRules(at: now, on: dataplane.rules) { rules.add(report) }
        }
        guard var report = ended else { return rules }
        report.add(rules)
        while mode == .changes || hasMore {
            report.add(writeChanges(at: now, on: dataplane))
            guard hasMore else { break }
        }
        return report
    }

    /// Brings what has changed to the kernel, but for the rules: all that is small, and a part of what takes the kernel long.
    /// `hasMore` then says that there is more to write.
    public mutating func writeChanges(
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) -> PassReport {
        var report = newReport(.changes)
        takeTouched()
        sets.beginPass(at: now)
        servers.beginPass(at: now)
        addresses.beginPass(at: now)
        for stage in PassStage.allCases { write(stage, at: now, on: dataplane, &report) }
        report.standing = refused
        return report
    }

    func newReport(_ mode: PassMode) -> PassReport {
        var report = PassReport(family: family, mode: mode)
        report.followsReading = hasReadKernel
        return report
    }

    /// Hands what has changed to the keepers.
    mutating func takeTouched() {
        sets.take(&touched.setEntries)
        servers.take(&touched.virtualServers)
        addresses.take(&touched.addresses)
        flows.take(&touched.flowServers)
    }
}
