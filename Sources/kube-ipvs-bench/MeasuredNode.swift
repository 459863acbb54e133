import Addressing
import DataplaneModel
import Reconcile
import ServicePlan

/// A node without the daemon's timing: objects go in, and a pass is made when it is asked for.
struct MeasuredNode {
    private var table: ServiceTable
    private var reconcilers: [FamilyReconciler<ServicePortID>]
    private let dataplane: Dataplane
    private let clock = ContinuousClock()
    private let wantsServersOnly: Bool

    /// - Parameter wantsServersOnly: whether the set entries and addresses that belong to virtual servers are left out of what
    ///   is desired.
    init(_ dataplane: Dataplane, wantsServersOnly: Bool = false) {
        self.dataplane = dataplane
        self.wantsServersOnly = wantsServersOnly
        table = ServiceTable(facts: NodeFacts(name: Scale.nodeName))
        let pods = IPPrefix(IPAddress(v4: 0x0b00_0000), length: 8)
        reconcilers = IPFamily.allCases.map { family in
            FamilyReconciler(
                family: family,
                ruleConfiguration: RuleConfiguration(
                    localDetector: pods.map(LocalTrafficDetector.clusterCIDR) ?? .none
                ),
                gracefulTimeout: .seconds(900)
            )
        }
    }

    /// Takes the updates over and plans what they concern.
    mutating func take(_ updates: [ObjectUpdate]) {
        file(updates)
        plan()
    }

    mutating func file(_ updates: [ObjectUpdate]) {
        table.apply(updates)
    }

    mutating func plan() {
        let dirty = table.takeDirty()
        for index in reconcilers.indices {
            reconcilers[index].expect(owners: dirty.count)
        }
        for id in dirty {
            table.forEachPlan(of: id, in: IPFamily.allCases) { family, plan in
                let index = family == .v4 ? 0 : 1
                var contribution = plan.contribution
                if wantsServersOnly {
                    contribution.setEntries = []
                    contribution.addresses = []
                }
                reconcilers[index].replaceContribution(of: id, with: contribution)
            }
        }
    }

    /// A verifying pass of each family, step by step.
    ///
    /// - Parameter noteStep: is called before the first step, and after each one.
    mutating func verify(_ noteStep: () -> Void) async throws {
        for index in reconcilers.indices {
            reconcilers[index].beginVerifying()
            noteStep()
            var report: PassReport?
            while report == nil {
                report = await reconcilers[index].continueVerifying(at: clock.now, on: dataplane)
                noteStep()
            }
            try report.map(Self.check)
        }
    }

    private static func check(_ report: PassReport) throws {
        guard !report.isComplete else { return }
        let first = report.failures.first ?? report.refusals.first?.error
        throw BenchError("a pass was not complete: \(first?.description ?? "for no reason")")
    }

    /// One pass over each family with something to do.
    ///
    /// - Returns: how many objects were written.
    @discardableResult
    mutating func pass(_ mode: PassMode) async throws -> Int {
        var written = 0
        for index in reconcilers.indices where mode == .verify || reconcilers[index].hasWork(at: clock.now) {
            let report = await reconcilers[index].pass(mode, at: clock.now, on: dataplane)
            try Self.check(report)
            written += report.applied.values.reduce(0, +)
        }
        return written
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
