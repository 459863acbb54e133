import Addressing
import Reconcile
import ServicePlan

/// One family's reconciler with its own timing: what delays or breaks one family does not touch the other.
///
/// A class, because a pass is a mutation that suspends. Nothing else touches the reconciler meanwhile: updates only reach the
/// table, and the task that makes the passes is also the one that plans.
final class Plane {
    typealias Instant = ContinuousClock.Instant

    var reconciler: FamilyReconciler<ServicePortID>
    var schedule: SyncSchedule<Instant>
    /// Whether a verifying pass has ended, successful or not: before that the node does not serve.
    private(set) var hasVerified = false
    /// When the verifying pass that is under way began, and how long its steps have taken.
    private var verification: (began: Instant, took: Duration)?

    init(reconciler: FamilyReconciler<ServicePortID>, schedule: SyncSchedule<Instant>) {
        self.reconciler = reconciler
        self.schedule = schedule
    }

    var family: IPFamily { reconciler.family }

    /// The next instant at which there is something to do.
    var nextPass: Instant {
        guard let nextChanges else { return schedule.nextVerify }
        return min(nextChanges, schedule.nextVerify)
    }

    private var nextChanges: Instant? {
        guard reconciler.takesChanges else { return nil }
        guard let drainPoll = reconciler.nextDrainPoll else { return schedule.nextChanges }
        return schedule.nextChanges.map { min($0, drainPoll) } ?? drainPoll
    }

    func changesAreDue(at now: Instant) -> Bool {
        nextChanges.map { $0 <= now } ?? false
    }

    func verifyIsDue(at now: Instant) -> Bool {
        !reconciler.isVerifying && schedule.nextVerify <= now
    }

    func writeChanges(at now: Instant, on dataplane: Dataplane) async -> PassReport {
        await reconciler.pass(.changes, at: now, on: dataplane)
    }

    func beginVerifying(sharing listing: VirtualServerListing, at now: Instant) {
        verification = (now, .zero)
        schedule.verifyStarted()
        reconciler.beginVerifying(sharing: listing)
    }

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
