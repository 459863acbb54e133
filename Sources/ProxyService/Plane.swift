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
    private var verifications = 0
    private var rulesListing = RulesListing.none

    /// The program that lists the family's rules, beside everything else.
    private enum RulesListing {
        case none
        case underWay
        case done(Result<String, DataplaneError>)
    }

    init(reconciler: FamilyReconciler<ServicePortID>, schedule: SyncSchedule<Instant>) {
        self.reconciler = reconciler
        self.schedule = schedule
    }

    var family: IPFamily { reconciler.family }

    /// The next instant at which there is something to do, beside the verifying pass that is under way; `nil` when that is to
    /// end first.
    var nextPass: Instant? {
        let nextVerify = reconciler.isVerifying ? nil : schedule.nextVerify
        guard let nextChanges else { return nextVerify }
        return nextVerify.map { min(nextChanges, $0) } ?? nextChanges
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
        verifications += 1
        // One of the pass before may show rules from before this one.
        rulesListing = .none
        schedule.verifyStarted()
        reconciler.beginVerifying(sharing: listing)
    }

    /// Whether the verifying pass can go no further before the rules have been listed.
    var waitsForRules: Bool {
        guard case .underWay = rulesListing else { return false }
        return reconciler.isLeftWithRules
    }

    /// - Returns: a number for `rulesListed` when the rules are to be listed, which is under way from then on.
    func beginListingRules() -> Int? {
        guard reconciler.wantsRules, case .none = rulesListing else { return nil }
        rulesListing = .underWay
        return verifications
    }

    /// The listing is not handed over at once: the reconciler may be in the middle of a pass.
    func rulesListed(_ number: Int, _ listing: Result<String, DataplaneError>) {
        guard number == verifications else { return }
        rulesListing = .done(listing)
    }

    /// Goes one step further in the verifying pass that is under way.
    ///
    /// - Returns: its report, when it began, and how long its steps took together, once it has ended.
    func continueVerifying(
        on dataplane: Dataplane,
        _ clock: ContinuousClock
    ) async -> (report: PassReport, began: Instant, took: Duration)? {
        if case .done(let listing) = rulesListing {
            rulesListing = .none
            reconciler.takeRules(listing)
        }
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
