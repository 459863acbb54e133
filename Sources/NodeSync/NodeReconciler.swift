// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import Reconcile
public import ServicePlan

/// The newest objects, and the passes that bring them to the kernel, of both families. It works step by step, on any
/// clock and data plane.
///
/// Its owner makes one step after the other, keeps the rules that a step asks for, and otherwise waits as the step
/// says. There is no other loop: the daemon, `plan`, `check`'s trial, the random histories and the bench own one each.
///
/// Objects and facts may be handed over while a step is suspended. The next step takes them up.
public final class NodeReconciler {
    public typealias Instant = ContinuousClock.Instant

    /// What a step leaves to its owner.
    public struct Step: Sendable {
        /// Rules to be looked at, and written where they differ, beside the next steps. `takeBack` takes each back.
        public var rules: [RulesWork] = []
        public var next: Next
    }

    /// When the next step is to be made.
    public enum Next: Hashable, Sendable {
        case atOnce
        /// At that instant, or sooner, when something is handed over.
        case at(Instant)
        /// When something is handed over.
        case whenTold

        public func isDue(at now: Instant) -> Bool {
            switch self {
            case .atOnce: true
            case .at(let instant): instant <= now
            case .whenTold: false
            }
        }
    }

    public private(set) var table: ServiceTable
    public let families: [FamilyPasses]

    let clock: any NodeClock
    private let settingsKeeper: SettingsKeeper
    private var schedulers: KnownSchedulers
    var ruleConfigurations: [IPFamily: RuleConfiguration] = [:]
    /// The report about the kernel's settings, which belong to no family. It is added to the first family's verifying
    /// pass.
    private var settingsReport: SettingsReport?
    /// What `getAhead` reads of both families.
    var headStartListing: VirtualServerListing?
    /// Notifications about the dummy link's addresses that no step has looked at yet.
    private var virtualIPEvents = AddressEvents()
    /// Whether a pass has left Service ports for the next one to plan.
    private var isLeftToPlan = false

    /// A pass plans at most this many ports of Services with very many ports, in some 10 ms. The next step plans the
    /// rest.
    private static var portsPlannedAtOnce: Int { 2048 }

    /// - Parameters:
    ///   - table: the objects and the node's facts, as far as they are known.
    ///   - settingsKeeper: keeps the kernel's settings, with each verifying pass of the first family.
    ///   - rules: what the rules of each family depend on.
    public init(
        _ table: ServiceTable,
        _ settings: SyncSettings,
        settingsKeeper: SettingsKeeper = SettingsKeeper([]),
        clock: any NodeClock,
        rules: (IPFamily) -> RuleConfiguration
    ) {
        self.table = table
        schedulers = KnownSchedulers(missing: table.basis.missingSchedulers)
        self.clock = clock
        self.settingsKeeper = settingsKeeper
        let now = clock.now
        families = settings.families.map { FamilyPasses($0, settings, rules($0), at: now) }
    }

    // MARK: What is handed over

    public func apply(_ updates: [ObjectUpdate]) {
        table.apply(updates)
        noteChange()
    }

    public func replaceNodeFacts(_ facts: NodeFacts) {
        table.replaceNodeFacts(facts)
        noteChange()
    }

    /// Takes over what the rules of a family depend on.
    public func replaceRuleConfiguration(_ configuration: RuleConfiguration, of family: IPFamily) {
        ruleConfigurations[family] = configuration
        noteChange()
    }

    /// Takes notifications about addresses of the dummy link and routes of virtual IPs. Most of them are echoes of what a pass wrote.
    public func noteVirtualIPs(_ events: AddressEvents) {
        virtualIPEvents.merge(events)
    }

    /// Takes rules back that a step asked for.
    ///
    /// - Parameter duration: how long it took to keep them.
    public func takeBack(_ work: RulesWork, took duration: Duration) {
        families.first { $0.family == work.family }?.keptRules = (work, duration)
    }

    /// Makes the steps after that delay read and mend everything, before the sync period has gone by.
    public func verifySoon(after delay: Duration = .zero) {
        for family in families { family.schedule.verifySoon(at: clock.now.advanced(by: delay)) }
    }

    /// Whether a verifying pass is under way. Not to be asked while a step is suspended.
    public var isVerifying: Bool { families.contains { $0.reconciler.isVerifying } }

    /// Virtual servers that one step of a verifying pass reads.
    public func setVirtualServersPerReading(_ count: Int) {
        for family in families { family.reconciler.virtualServersPerReading = count }
    }

    /// Whether something handed over waits for a pass.
    public var hasChanges: Bool { table.hasDirty || !ruleConfigurations.isEmpty }

    private func noteChange() {
        guard hasChanges else { return }
        let now = clock.now
        for family in families { family.schedule.noteChange(at: now) }
    }

    // MARK: Steps

    /// Writes what is due, and goes one step further in a verifying pass. So constant changes do not keep that from
    /// ending, and a change waits for one step at most.
    public func step(on dataplane: Dataplane, telling observer: some PassObserver) async -> Step {
        let now = clock.now
        lookAtVirtualIPs(now)
        takeKeptRules(telling: observer)
        learnSchedulers(now, dataplane)
        let written = writeChanges(now, dataplane, observer)
        beginVerifying(now, dataplane, observer)
        let hasVerified = await verifyFurther(dataplane, observer)
        let rules = families.compactMap { $0.reconciler.beginRules(at: now) }
        if hasVerified || isLeftToPlan { return Step(rules: rules, next: .atOnce) }
        let end = written ?? now
        let due = families.compactMap { $0.nextPass(after: end) } + [schedulers.nextTry].compactMap(\.self)
        guard let next = due.min() else { return Step(rules: rules, next: .whenTold) }
        return Step(rules: rules, next: next <= end ? .atOnce : .at(next))
    }

    /// Plans what has changed. A step does so itself, when a pass takes the changes up.
    public func planChanges(telling observer: some PassObserver) {
        for family in families {
            if let configuration = ruleConfigurations[family.family] {
                family.reconciler.replaceRuleConfiguration(configuration)
            }
            family.reconciler.expect(owners: table.dirtyCount)
        }
        ruleConfigurations = [:]
        observer.planningBegan()
        // Before the families serve, a large Service delays no other one.
        let limit = families.allSatisfy(\.hasEndedVerifying) ? Self.portsPlannedAtOnce : .max
        table.planDirty(in: families.map(\.family), atMost: limit) { id, family, contribution, observations in
            guard let passes = families.first(where: { $0.family == family }) else { return }
            observer.planned(id, family, observations)
            if observer.comparesContributions {
                observer.replacing(id, family, from: passes.reconciler.desired.contribution(of: id), to: contribution)
            }
            passes.reconciler.replaceContribution(of: id, with: contribution)
        }
        isLeftToPlan = table.hasDirty
        observer.planningEnded(isAll: !isLeftToPlan)
    }

    /// Mends what other programs have done to virtual IPs, without waiting for the next verifying pass.
    private func lookAtVirtualIPs(_ now: Instant) {
        guard !virtualIPEvents.isEmpty else { return }
        for family in families where family.reconciler.noteVirtualIPs(virtualIPEvents) {
            family.schedule.noteChange(at: now)
        }
        virtualIPEvents = AddressEvents()
    }

    /// Finds out which of the schedulers that Services ask for the kernel has, before they are planned with.
    private func learnSchedulers(_ now: Instant, _ dataplane: Dataplane) {
        schedulers.learn(table.wantedSchedulers, from: dataplane.ipvs, at: now)
        if table.replaceMissingSchedulers(schedulers.missing) { noteChange() }
    }

    private func takeKeptRules(telling observer: some PassObserver) {
        for family in families {
            guard let (work, duration) = family.keptRules.take() else { continue }
            let now = clock.now
            guard !work.isAhead else {
                _ = family.reconciler.endRules(work, at: now)
                continue
            }
            observer.rulesKept(family.reconciler.endRules(work, at: now), took: duration, at: now)
        }
    }

    /// Makes the passes of mode `changes` that are due.
    ///
    /// The clock is looked at once for each pass: where there is no vDSO, a look costs as much as a message to the kernel.
    ///
    /// - Returns: when the last of them ended; `nil` where none was due.
    private func writeChanges(_ now: Instant, _ dataplane: Dataplane, _ observer: some PassObserver) -> Instant? {
        let due = families.filter { $0.changesAreDue(at: now) || isLeftToPlan && $0.reconciler.takesChanges }
        guard !due.isEmpty else { return nil }
        takeChanges(for: due, now, observer)
        var instant = clock.now
        for family in due {
            defer { if family.hasEndedVerifying { observer.serves(family.family, table.basis) } }
            guard family.reconciler.hasWork(at: now) else {
                observer.passSkipped(family, at: instant)
                continue
            }
            let report = family.reconciler.writeChanges(at: now, on: dataplane)
            let end = clock.now
            noteEnd(of: family, report, from: instant, to: end, took: instant.duration(to: end), observer)
            instant = end
        }
        return instant
    }

    /// Begins the verifying passes that are due. The first one of a family also takes up what is to be written.
    private func beginVerifying(_ now: Instant, _ dataplane: Dataplane, _ observer: some PassObserver) {
        let due = families.filter { $0.verifyIsDue(at: now) }
        guard let first = due.first else { return }
        takeChanges(for: due.filter { !$0.hasEndedVerifying }, now, observer)
        let listing = VirtualServerListing(keepsStatistics: first.reconciler.collectsStatistics)
        for family in due { family.beginVerifying(sharing: listing, at: now) }
        headStartListing = nil
        if first === families.first { settingsReport = dataplane.settings.map(settingsKeeper.keep) }
    }

    /// Goes one step further in the verifying passes that are under way.
    ///
    /// - Returns: whether there was any that could go further.
    private func verifyFurther(_ dataplane: Dataplane, _ observer: some PassObserver) async -> Bool {
        guard let family = families.first(where: \.canVerifyFurther) else { return false }
        guard let (report, began, end, took) = await family.continueVerifying(on: dataplane, clock) else { return true }
        var complete = report
        if family === families.first, let settings = settingsReport.take() { complete.add(settings) }
        noteEnd(of: family, complete, from: began, to: end, took: took, observer)
        observer.serves(family.family, table.basis)
        return true
    }

    /// Plans what has changed. What changes from here on is for the next pass.
    private func takeChanges(for due: [FamilyPasses], _ now: Instant, _ observer: some PassObserver) {
        guard !due.isEmpty else { return }
        let isLeft = isLeftToPlan
        planChanges(telling: observer)
        for family in due {
            family.schedule.changesTaken(continuing: isLeft || family.hasMore)
            observer.changesTaken(family.family, at: now)
        }
    }

    private func noteEnd(
        of family: FamilyPasses,
        _ report: PassReport,
        from began: Instant,
        to end: Instant,
        took duration: Duration,
        _ observer: some PassObserver
    ) {
        let hasFailed = !report.failures.isEmpty || report.contradictsMirror
        family.schedule.passEnded(report.mode, hasFailed: hasFailed, at: end)
        if report.mode == .verify { family.verifyAgainInTime() }
        let isWhole = !family.reconciler.hasMore && !isLeftToPlan
        let pass = EndedPass(
            report: report,
            contests: family.reconciler.takeChangedContests(),
            began: began,
            ended: end,
            took: duration,
            isWhole: isWhole
        )
        observer.passEnded(pass, of: family)
    }
}
