import Addressing
import Reconcile
import ServicePlan

/// One family's reconciler with its own timing: what delays or breaks one family does not touch the other.
///
/// A class, because a step of a verifying pass is a mutation that may suspend. Nothing else touches the reconciler meanwhile:
/// updates only reach the table, and the task that makes the passes also plans, and takes rules back that have been kept.
final class Plane {
    typealias Instant = ContinuousClock.Instant

    var reconciler: FamilyReconciler<ServicePortID>
    var schedule: SyncSchedule<Instant>
    /// Whether a verifying pass has ended, successful or not: before that the node does not serve.
    private(set) var hasVerified = false
    /// Rules that have been kept beside the passes, and how long that took; not yet handed back to the reconciler.
    var keptRules: (work: RulesWork, took: Duration)?
    /// When the verifying pass that is under way began, and how long its steps have taken.
    private var verification: (began: Instant, took: Duration)?

    init(reconciler: FamilyReconciler<ServicePortID>, schedule: SyncSchedule<Instant>) {
        family = reconciler.family
        self.reconciler = reconciler
        self.schedule = schedule
    }

    /// Kept apart, so that it can be asked for while a step of the reconciler is suspended.
    let family: IPFamily

    /// The next instant at which there is something to do, beside the verifying pass that is under way; `nil` when that is to
    /// end first.
    func nextPass(after now: Instant) -> Instant? {
        let nextVerify = reconciler.isVerifying ? nil : schedule.nextVerify
        return [nextVerify, nextChanges, reconciler.nextRules(at: now), hasMore ? now : nil].compactMap(\.self).min()
    }

    private var nextChanges: Instant? {
        guard reconciler.takesChanges else { return nil }
        return [schedule.nextChanges, reconciler.nextDrainPoll, reconciler.nextRetry.map(schedule.notBefore)]
            .compactMap(\.self).min()
    }

    func changesAreDue(at now: Instant) -> Bool {
        hasMore || nextChanges.map { $0 <= now } ?? false
    }

    /// Whether a pass of changes has left something for another one, for which nothing is to be waited.
    var hasMore: Bool { reconciler.takesChanges && reconciler.hasMore }

    func verifyIsDue(at now: Instant) -> Bool {
        !reconciler.isVerifying && schedule.nextVerify <= now
    }

    func beginVerifying(sharing listing: VirtualServerListing, at now: Instant) {
        verification = (now, .zero)
        schedule.verifyStarted()
        reconciler.beginVerifying(sharing: listing)
    }

    /// Whether a verifying pass is under way and can go further.
    var canVerifyFurther: Bool { reconciler.isVerifying && !reconciler.isWaitingForRules }

    /// Goes one step further in the verifying pass that is under way.
    ///
    /// - Returns: its report, when it began, and how long its steps took together, once it has ended.
    func continueVerifying(
        on dataplane: Dataplane,
        _ clock: ContinuousClock
    ) async -> (report: PassReport, began: Instant, took: Duration)? {
        let start = clock.now
        let report = await reconciler.continueVerifying(at: start, on: dataplane)
        let began = verification?.began ?? start
        let took = (verification?.took ?? .zero) + (clock.now - start)
        guard let report else {
            verification = (began, took)
            return nil
        }
        verification = nil
        hasVerified = true
        return (report, began, took)
    }
}
