// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import Reconcile
public import ServicePlan

/// Observes what a node's passes do, while they do it: for metrics, health and the log.
///
/// Each call comes from within `NodeReconciler.step`, and must not call it. What a call does not need is left out.
public protocol PassObserver: AnyObject {
    typealias Instant = ContinuousClock.Instant

    /// Service ports are about to be planned.
    func planningBegan()

    /// A Service port has been planned for a family.
    func planned(_ id: ServicePortID, _ family: IPFamily, _ observations: PlanObservations)

    /// Whether `replacing` is to be called, which costs a comparison.
    var comparesContributions: Bool { get }

    /// What a Service port wants of a family's data plane is about to be replaced, perhaps by the same.
    func replacing(_ id: ServicePortID, _ family: IPFamily, from before: Contribution, to after: Contribution)

    /// - Parameter isAll: whether no Service port is left to plan.
    func planningEnded(isAll: Bool)

    /// A pass has taken up what had changed for a family.
    func changesTaken(_ family: IPFamily, at now: Instant)

    /// A pass of mode `changes` had nothing to write.
    func passSkipped(_ family: FamilyPasses, at now: Instant)

    func passEnded(_ pass: EndedPass, of family: FamilyPasses)

    /// A pass over a family has ended, and the node serves it: what follows its Services may be brought in line.
    func serves(_ family: IPFamily, _ basis: PlanBasis)

    /// Rules have been kept beside the passes.
    ///
    /// - Parameter duration: how long the programs took.
    func rulesKept(_ report: PassReport, took duration: Duration, at now: Instant)
}

extension PassObserver {
    public func planningBegan() {}
    public func planned(_ id: ServicePortID, _ family: IPFamily, _ observations: PlanObservations) {}
    public var comparesContributions: Bool { false }
    public func replacing(_ id: ServicePortID, _ family: IPFamily, from before: Contribution, to after: Contribution) {}
    public func planningEnded(isAll: Bool) {}
    public func changesTaken(_ family: IPFamily, at now: Instant) {}
    public func passSkipped(_ family: FamilyPasses, at now: Instant) {}
    public func passEnded(_ pass: EndedPass, of family: FamilyPasses) {}
    public func serves(_ family: IPFamily, _ basis: PlanBasis) {}
    public func rulesKept(_ report: PassReport, took duration: Duration, at now: Instant) {}
}

/// A pass over one family that has ended.
public struct EndedPass: Sendable {
    public var report: PassReport
    /// The contests over virtual servers that have changed since the pass before.
    public var contests: [Contest<ServicePortID>]
    public var began: ContinuousClock.Instant
    public var ended: ContinuousClock.Instant
    /// How long its steps took: a verifying pass lets others write between its steps.
    public var took: Duration
    /// Whether all that had changed is written now: no part of a large change is left for the next pass.
    public var isWhole: Bool

    public init(
        report: PassReport,
        contests: [Contest<ServicePortID>],
        began: ContinuousClock.Instant,
        ended: ContinuousClock.Instant,
        took: Duration,
        isWhole: Bool
    ) {
        self.report = report
        self.contests = contests
        self.began = began
        self.ended = ended
        self.took = took
        self.isWhole = isWhole
    }
}
