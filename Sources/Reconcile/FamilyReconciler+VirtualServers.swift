import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Adds and edits virtual servers, and changes their real servers. Whole virtual servers go later, when their
    /// addresses no longer attract traffic.
    mutating func updateVirtualServers(
        _ dataplane: any IPVSDataplane,
        _ now: ContinuousClock.Instant,
        _ report: inout PassReport
    ) {
        let wanted = pending.virtualServers.filter { desired[$0] != nil }.sorted()
        var rest = wanted[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.virtualServersPerBatch)
            rest = rest.dropFirst(batch.count)
            // Not bound to a name: a second reference would make the next change copy the whole table.
            guard var changes = mirror.ipvs?.changes(toReach: { desired[$0] }, of: batch) else { return }
            drainInsteadOfRemoving(&changes, now)
            guard let refused = apply(changes, dataplane, &report) else { return }
            for id in batch where !refused.contains(id) {
                if !drains.virtualServers.contains(id) {
                    // The desired entry itself, so that both share the storage of the real servers.
                    let entry = desired[id]
                    mirror.ipvs?[id] = entry
                }
                pending.virtualServers.remove(id)
            }
        }
    }

    /// Removes the virtual servers that nobody wants any more.
    mutating func removeVirtualServers(_ dataplane: any IPVSDataplane, _ report: inout PassReport) {
        guard mirror.ipvs != nil else { return }
        let gone = pending.virtualServers.filter { desired[$0] == nil }.sorted()
        let changes = gone.filter { mirror.ipvs?[$0] != nil }.map(IPVSChange.removeVirtualServer)
        guard let refused = apply(changes, dataplane, &report) else { return }
        for id in gone where !refused.contains(id) {
            mirror.ipvs?[id] = nil
            drains.removeAll(of: id)
            pending.virtualServers.remove(id)
        }
    }

    /// Sends the changes, and follows in the mirror what took effect for servers with a refused change.
    ///
    /// - Returns: the virtual servers of refused changes; `nil` when it is unknown what took effect.
    mutating func apply(
        _ changes: [IPVSChange],
        _ dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) -> Set<VirtualServer.ID>? {
        guard !changes.isEmpty else { return [] }
        let refused: [RefusedChange<IPVSChange>]
        do throws(DataplaneError) {
            refused = try dataplane.apply(changes)
        } catch {
            mirror.ipvs = nil
            report.failures.append(error)
            return nil
        }

        let refusedChanges = Set(refused.lazy.map(\.change))
        let refusedServers = Set(refused.lazy.map(\.change.virtualServer))
        for change in changes where !refusedChanges.contains(change) {
            report.count(change.objectKind)
            if refusedServers.contains(change.virtualServer) || drains.virtualServers.contains(change.virtualServer) {
                mirror.ipvs?.apply(change)
            }
        }
        appendRefusals(refused, &report)
        return refusedServers
    }

    /// One refusal for each virtual server: when it could not be added, its real servers were refused for that alone.
    private func appendRefusals(_ refused: [RefusedChange<IPVSChange>], _ report: inout PassReport) {
        var blamed: Set<VirtualServer.ID> = []
        for refusal in refused where blamed.insert(refusal.change.virtualServer).inserted {
            report.refusals.append(
                Refusal(kind: refusal.change.objectKind, attempt: "\(refusal.change)", error: refusal.error)
            )
        }
    }
}

extension IPVSChange {
    var objectKind: ObjectKind {
        switch self {
        case .addVirtualServer, .editVirtualServer, .removeVirtualServer: .virtualServer
        case .addRealServer, .editRealServer, .removeRealServer: .realServer
        }
    }
}
