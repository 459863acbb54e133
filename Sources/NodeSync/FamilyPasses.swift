// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneModel
public import Reconcile
public import ServicePlan

/// One family's reconciler with its own timing: what delays or breaks one family does not touch the other.
///
/// A class, because a step of a verifying pass is a mutation that may suspend. Nothing else touches the reconciler
/// meanwhile. Updates reach only the table. Only `NodeReconciler.step` plans, and takes back rules that have been kept.
public final class FamilyPasses {
    typealias Instant = ContinuousClock.Instant

    /// Stored here too, so that it can be read while a step of the reconciler is suspended.
    public let family: IPFamily
    /// Not to be read while a step is suspended.
    public internal(set) var reconciler: FamilyReconciler<ServicePortID>
    /// Whether a verifying pass has ended, successful or not. Before that the node does not serve the family.
    public private(set) var hasEndedVerifying = false

    var schedule: SyncSchedule<Instant>
    /// Rules that have been kept beside the passes, and how long that took; not yet handed back to the reconciler.
    var keptRules: (work: RulesWork, took: Duration)?
    /// When the verifying pass that is under way began, and how long its steps have taken.
    private var verification: (began: Instant, took: Duration)?
    /// When the verifying pass is due after the one under way, because that goes on with an earlier reading.
    private var verifyAgain: Instant?

    init(_ family: IPFamily, _ settings: SyncSettings, _ rules: RuleConfiguration, at now: Instant) {
        self.family = family
        reconciler = FamilyReconciler(
            family: family,
            excludedNetworks: settings.excludedNetworks,
            ruleConfiguration: rules,
            gracefulTimeout: settings.gracefulTimeout,
            virtualIPs: settings.virtualIPs
        )
        reconciler.collectsStatistics = settings.collectsStatistics
        schedule = SyncSchedule(minimum: settings.minSyncPeriod, period: settings.syncPeriod, now: now)
    }

    // MARK: Changes

    /// The next instant at which there is something to do, apart from the verifying pass that is under way; `nil` when
    /// that has to end first.
    func nextPass(after now: Instant) -> Instant? {
        let nextVerify = reconciler.isVerifying ? nil : schedule.nextVerify
        return [nextVerify, nextChanges, reconciler.nextRules(at: now), hasMore ? now : nil].compactMap(\.self).min()
    }

    private var nextChanges: Instant? {
        guard reconciler.takesChanges else { return nil }
        return [
            schedule.nextChanges, reconciler.nextDrainPoll, reconciler.nextRise,
            reconciler.nextRetry.map(schedule.notBefore),
        ].compactMap(\.self).min()
    }

    func changesAreDue(at now: Instant) -> Bool {
        hasMore || nextChanges.map { $0 <= now } ?? false
    }

    /// Whether a pass of changes has left something for the next one, which may follow at once.
    var hasMore: Bool { reconciler.takesChanges && reconciler.hasMore }

    // MARK: Verifying

    /// So long at most a reading from before objects were known is used, whatever the sync period is.
    static var longestHeadStart: Duration { .seconds(30) }

    func verifyIsDue(at now: Instant) -> Bool {
        !reconciler.isVerifying && schedule.nextVerify <= now
    }

    func beginVerifying(sharing listing: VirtualServerListing, at now: Instant) {
        verification = (now, .zero)
        schedule.verifyStarted()
        let period = min(schedule.period, Self.longestHeadStart)
        verifyAgain = reconciler.endHeadStart(at: now, period: period)?.advanced(by: period)
        reconciler.beginVerifying(sharing: listing)
    }

    /// Makes the verifying pass due that sees what has changed since the reading that the last one went on with.
    func verifyAgainInTime() {
        if let instant = verifyAgain.take() { schedule.verifySoon(at: instant) }
    }

    /// Whether a verifying pass is under way and can go further.
    var canVerifyFurther: Bool { reconciler.isVerifying && !reconciler.isWaitingForRules }

    /// Goes one step further in the verifying pass that is under way.
    ///
    /// - Returns: its report, when it began and ended, and how long its steps took together, once it has ended.
    func continueVerifying(
        on dataplane: Dataplane,
        _ clock: any NodeClock
    ) async -> (report: PassReport, began: Instant, ended: Instant, took: Duration)? {
        let start = clock.now
        let report = await reconciler.continueVerifying(at: start, on: dataplane)
        let began = verification?.began ?? start
        let end = clock.now
        let took = (verification?.took ?? .zero) + start.duration(to: end)
        guard let report else {
            verification = (began, took)
            return nil
        }
        verification = nil
        hasEndedVerifying = true
        return (report, began, end, took)
    }
}
