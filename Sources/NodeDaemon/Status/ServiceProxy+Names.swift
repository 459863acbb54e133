// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import IPVSListing
import NodeStatus
import NodeSync
import Reconcile
import ServicePlan

/// What the daemon calls its virtual servers.
extension ServiceProxy {
    /// Endpoints whose names are looked up in one go, in some 2 ms.
    private static var namedInOneGo: Int { 2048 }
    /// Endpoints whose names are handed over together. What goes beyond is to be asked for again.
    private static var mostNamed: Int { 16384 }

    /// The names of virtual servers and of what stands behind them, in the order of the question.
    ///
    /// - Returns: those of the first ones, where together they have very many endpoints.
    func names(of ids: [VirtualServer.ID]) async -> [ServerNames] {
        var names: [ServerNames] = []
        var (total, inOneGo) = (0, 0)
        await waitForStep()
        for id in ids {
            if inOneGo >= Self.namedInOneGo {
                // Lets those in who write.
                await Task.yield()
                await waitForStep()
                inOneGo = 0
            }
            let next = reconciler.names(of: id, at: clock.now)
            names.append(next)
            total += next.endpoints.count
            inOneGo += 1 + next.endpoints.count
            if total >= Self.mostNamed { break }
        }
        return names
    }
}

extension NodeReconciler {
    /// Not to be asked while a step is suspended.
    fileprivate func names(of id: VirtualServer.ID, at now: Instant) -> ServerNames {
        guard let reconciler = families.first(where: { $0.family == id.family })?.reconciler else {
            return ServerNames()
        }
        return table.names(
            of: reconciler.desired.owner(of: id),
            in: id.family,
            draining: reconciler.drainStarts(of: id).mapValues { $0.duration(to: now).components.seconds }
        )
    }
}
