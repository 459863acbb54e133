// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import NodeSync
import Reconcile
import ServicePlan

/// A node without the daemon's timing: objects go in, and its steps are made when they are asked for.
struct MeasuredNode {
    private let node: NodeReconciler
    private let dataplane: Dataplane

    init(_ dataplane: Dataplane, virtualIPs: VirtualIPMode = .addresses) {
        self.dataplane = dataplane
        let pods = IPPrefix(IPAddress(v4: 0x0b00_0000), length: 8)
        // No change waits for another one, and a verifying pass is made when it is asked for.
        let settings = SyncSettings(
            families: IPFamily.allCases,
            minSyncPeriod: .zero,
            syncPeriod: .seconds(86_400),
            virtualIPs: virtualIPs
        )
        node = NodeReconciler(
            ServiceTable(facts: NodeFacts(name: Scale.nodeName)),
            settings,
            clock: ContinuousClock()
        ) { _ in
            RuleConfiguration(
                localDetector: pods.map(LocalTrafficDetector.clusterCIDR) ?? .none,
                ownTraffic: OwnTraffic(virtualIPs)
            )
        }
    }

    /// Takes the updates over and plans what they concern.
    func take(_ updates: [ObjectUpdate]) {
        file(updates)
        plan()
    }

    func file(_ updates: [ObjectUpdate]) {
        node.apply(updates)
    }

    func plan() {
        node.planChanges(telling: PassReports())
    }

    /// A verifying pass of each family, step by step. As in the daemon they share one listing of the virtual servers.
    ///
    /// - Parameter noteStep: is called before the first step, and after each one.
    /// - Returns: how many objects were written.
    @discardableResult
    func verify(_ noteStep: () -> Void = {}) async throws -> Int {
        node.verifySoon()
        let reports = PassReports()
        noteStep()
        await node.settle(on: dataplane, telling: reports, noteStep: noteStep)
        return try Self.written(reports)
    }

    /// A pass of mode `changes` over each family with something to do.
    func writeChanges() async throws {
        let reports = PassReports()
        await node.settle(on: dataplane, telling: reports)
        _ = try Self.written(reports)
    }

    /// How many objects the passes have written.
    private static func written(_ reports: PassReports) throws -> Int {
        for report in reports.all where !report.isComplete {
            let first = report.failures.first ?? report.refusals.first?.error
            throw BenchError("a pass was not complete: \(first?.description ?? "for no reason")")
        }
        return reports.all.flatMap(\.applied.values).reduce(0, +)
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
