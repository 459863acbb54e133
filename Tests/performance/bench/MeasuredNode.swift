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
        for index in reconcilers.indices {
            reconcilers[index].expect(owners: table.dirtyCount)
        }
        Self.plan(&table, for: &reconcilers, serversOnly: wantsServersOnly)
    }

    private static func plan(
        _ table: inout ServiceTable,
        for reconcilers: inout [FamilyReconciler<ServicePortID>],
        serversOnly: Bool
    ) {
        table.planDirty(in: IPFamily.allCases) { id, family, contribution, _ in
            let index = family == .v4 ? 0 : 1
            guard serversOnly else {
                reconcilers[index].replaceContribution(of: id, with: contribution)
                return
            }
            var contribution = contribution
            contribution.setEntries = []
            contribution.addresses = []
            reconcilers[index].replaceContribution(of: id, with: contribution)
        }
    }

    /// A verifying pass of each family, step by step. As in the daemon they share one listing of the virtual servers.
    ///
    /// - Parameter noteStep: is called before the first step, and after each one.
    /// - Returns: how many objects were written.
    @discardableResult
    mutating func verify(_ noteStep: () -> Void = {}) async throws -> Int {
        let listing = VirtualServerListing()
        var written = 0
        for index in reconcilers.indices {
            reconcilers[index].beginVerifying(sharing: listing)
            noteStep()
            var report: PassReport?
            while report == nil {
                report = await reconcilers[index].continueVerifying(at: clock.now, on: dataplane)
                written += try await keepRules(index)
                noteStep()
            }
            written += try report.map(Self.written) ?? 0
        }
        return written
    }

    /// A pass of mode `changes` over each family with something to do.
    mutating func writeChanges() async throws {
        for index in reconcilers.indices where reconcilers[index].hasWork(at: clock.now) {
            repeat {
                _ = try Self.written(reconcilers[index].writeChanges(at: clock.now, on: dataplane))
            } while reconcilers[index].hasMore
            _ = try await keepRules(index)
        }
    }

    /// Keeps the rules in the place that they have in a first pass.
    ///
    /// - Returns: how many objects were written.
    private mutating func keepRules(_ index: Int) async throws -> Int {
        try await reconcilers[index].keepRules(at: clock.now, on: dataplane.rules).map(Self.written) ?? 0
    }

    /// How many objects a pass has written.
    private static func written(_ report: PassReport) throws -> Int {
        guard report.isComplete else {
            let first = report.failures.first ?? report.refusals.first?.error
            throw BenchError("a pass was not complete: \(first?.description ?? "for no reason")")
        }
        return report.applied.values.reduce(0, +)
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
