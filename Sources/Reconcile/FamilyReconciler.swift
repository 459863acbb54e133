public import Addressing
public import DataplaneModel

/// Keeps one family's part of the kernel as it is desired. IPv4 and IPv6 have one each, and share no state.
///
/// A pass of mode `changes` trusts the mirror of what the kernel acknowledged and costs what has changed. A pass of mode
/// `verify` reads the kernel first. What the kernel refuses is tried again after a delay of its own, and by the next verifying
/// pass. What belongs to a part that failed stays pending until that part has been read again.
public struct FamilyReconciler<Owner: Hashable & Comparable & Sendable> {
    public let family: IPFamily

    /// Virtual servers inside these networks are somebody else's (`ipvs.excludeCIDRs`): never removed.
    public let excludedNetworks: [IPPrefix]

    /// Whether verifying passes report the counters of virtual servers.
    public var collectsStatistics = false

    /// Virtual servers that one step of a verifying pass reads, at 60 µs each in User Mode Linux.
    public var virtualServersPerReading = 64

    public private(set) var desired = DesiredState<Owner>()

    var mirror = Mirror()
    var pending = TouchedObjects()
    var sets: SetKeeper
    var addresses: AddressKeeper
    var flows: FlowKeeper
    /// Virtual servers that the kernel has refused. They are not pending until they may be tried again.
    var refusedServers = Refusals<VirtualServer.ID>()
    /// When the pass under way began, or its last step.
    var passTime: ContinuousClock.Instant?
    var rules: RuleKeeper
    /// Whether the work of keeping them is handed out.
    var rulesAreUnderWay = false
    var rulesBackoff = RetryBackoff()
    /// Whether they have been kept once, whatever came of it.
    var hasTriedRules = false
    var drains: DrainList
    /// The verifying pass that is under way.
    var verification: Verification?
    /// Whether a verifying pass has ended, whatever came of it.
    var hasEndedVerifying = false
    /// Whether a verifying pass has read everything. Until then, differences are what was left over, not drift.
    var hasReadKernel = false
    /// Whether the last pass of mode `changes` has left something of virtual servers for another one.
    var hasMoreServers = false
    /// What the kernel has refused of large virtual servers of which more is to be written.
    var refusedInParts: [VirtualServer.ID: [RefusedChange<IPVSChange>]] = [:]
    /// Virtual servers whose draining real servers are still to be looked at, of those that were due.
    var undrained: ArraySlice<VirtualServer.ID> = []

    /// How many changes to virtual and real servers are sent together, unless one virtual server alone needs more: some 2 ms of
    /// the kernel's time. It bounds the memory for a bulk load's changes, and how long an event waits for it.
    static var changesPerBatch: Int { 2048 }

    /// - Parameter gracefulTimeout: the longest time that a removed TCP real server keeps its connections.
    public init(
        family: IPFamily,
        excludedNetworks: [IPPrefix] = [],
        ruleConfiguration: RuleConfiguration,
        gracefulTimeout: Duration
    ) {
        self.family = family
        self.excludedNetworks = excludedNetworks
        sets = SetKeeper(family: family)
        addresses = AddressKeeper(family: family)
        flows = FlowKeeper(family: family)
        drains = DrainList(cap: gracefulTimeout)
        rules = RuleKeeper(configuration: ruleConfiguration, family: family)
        pending.isEverything = true
    }

    /// So many owners are about to contribute, some of them perhaps nothing.
    public mutating func expect(owners: Int) {
        desired.expectedOwners = owners
    }

    /// Makes `contribution` all that `owner` wants, from the next pass on.
    ///
    /// - Returns: whether that changes anything.
    @discardableResult
    public mutating func replaceContribution(of owner: Owner, with contribution: consuming Contribution) -> Bool {
        desired.replaceContribution(of: owner, with: contribution, touched: &pending)
    }

    /// The contests over virtual servers that have changed since this was last asked.
    public mutating func takeChangedContests() -> [Contest<Owner>] {
        desired.takeChangedContests()
    }

    /// Takes over what the rules depend on, from the next pass on.
    public mutating func replaceRuleConfiguration(_ configuration: RuleConfiguration) {
        guard rules.configuration != configuration else { return }
        rules.configuration = configuration
        pending.rules = true
    }

    /// Compares word of the dummy link's addresses with what is desired. Where they do not agree, the next pass reads the
    /// addresses; word of what was written here agrees.
    ///
    /// - Returns: whether there is something to be read.
    public mutating func noteDummyLink(_ events: AddressEvents) -> Bool {
        guard hasReadKernel else { return false }
        takeTouched()
        return addresses.note(events, desired)
    }

    /// Whether the last pass of mode `changes` has left something for another one, which need not wait.
    public var hasMore: Bool { hasMoreServers || addresses.hasMore }

    /// Whether a pass of mode `changes` at that instant would have anything to do.
    public func hasWork(at now: ContinuousClock.Instant) -> Bool {
        hasMore || !pending.isEmptyButForRules || sets.hasWork || addresses.hasWork || flows.hasWork
            || nextDrainPoll.map { $0 <= now } ?? false || nextRetry.map { $0 <= now } ?? false
    }

    /// What the kernel has refused.
    public var refused: RefusedObjects {
        RefusedObjects(virtualServers: refusedServers, setEntries: sets.refused, addresses: addresses.refused)
    }

    /// When an object that the kernel has refused is to be tried again; `nil` where there is none.
    public var nextRetry: ContinuousClock.Instant? { refused.nextRetry }

    /// When the connections of draining real servers are to be counted; `nil` when none drains.
    public var nextDrainPoll: ContinuousClock.Instant? {
        // Until IPVS has been read again there is nothing to go by.
        mirror.ipvs == nil ? nil : drains.nextPoll
    }

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
    ///
    /// The order keeps a virtual IP from attracting traffic before it can be served: set entries, virtual servers with their
    /// real servers, addresses; then the reverse for what goes.
    public mutating func writeChanges(
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) -> PassReport {
        var report = newReport(.changes)
        hasMoreServers = false
        takeTouched()
        takeRefused(at: now)
        addresses.readIfSuspect(desired, on: dataplane.addresses, &report)
        sets.addWanted(desired, at: now, on: dataplane.sets, &report)
        var servers = wantedServersBySize()
        // One part of a large virtual server, after all small ones.
        while !hasMoreServers, !servers.isEmpty, updateVirtualServers(&servers, dataplane.ipvs, now, &report) {}
        var unserved: Set<IPAddress> = []
        for id in servers where mirror.ipvs?[id] == nil { unserved.insert(id.address) }
        addresses.bindWanted(desired, butFor: unserved, at: now, on: dataplane.addresses, &report)
        removeWhatIsUnwanted(dataplane, now, &report)
        report.standing = refused
        return report
    }

    func newReport(_ mode: PassMode) -> PassReport {
        var report = PassReport(family: family, mode: mode)
        report.followsReading = hasReadKernel
        return report
    }

    /// Hands what has changed to those who keep it.
    mutating func takeTouched() {
        sets.take(&pending.setEntries)
        addresses.take(&pending.addresses)
        flows.take(&pending.flowServers)
    }

    /// Makes pending what the kernel has refused and may be tried again.
    private mutating func takeRefused(at now: ContinuousClock.Instant) {
        passTime = now
        sets.beginPass(at: now)
        pending.virtualServers.formUnion(refusedServers.takeDue(at: now))
        addresses.beginPass(at: now)
    }

    // An object is pending, or refused, or as it is wanted.

    mutating func noteRefused(_ id: VirtualServer.ID, _ refusal: Refusal) {
        pending.virtualServers.remove(id)
        if let passTime { refusedServers.note(id, refusal, at: passTime) }
    }

    mutating func noteDone(_ id: VirtualServer.ID) {
        // Also where a set is empty, a look into it hashes.
        if !pending.virtualServers.isEmpty { pending.virtualServers.remove(id) }
        refusedServers.remove(id)
    }

    /// The second half of a pass: what nobody wants any more, from what attracts traffic on.
    mutating func removeWhatIsUnwanted(
        _ dataplane: Dataplane,
        _ now: ContinuousClock.Instant,
        _ report: inout PassReport
    ) {
        // What an address needs goes after it.
        guard addresses.unbindUnwanted(desired, at: now, on: dataplane.addresses, &report) else { return }
        removeVirtualServers(dataplane.ipvs, &report)
        sets.removeUnwanted(desired, at: now, on: dataplane.sets, &report)
        flows.endStale(desired, on: dataplane.conntrack, &report)
        endDrains(dataplane.ipvs, now, &report)
        report.draining = drains.count
    }
}
