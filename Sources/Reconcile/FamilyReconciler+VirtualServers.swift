import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Adds and edits virtual servers, and changes their real servers: of the first ones, as many as make a batch, which are
    /// then taken off the list. Whole virtual servers go later, when their addresses no longer attract traffic.
    ///
    /// - Returns: whether it is known what took effect.
    mutating func updateVirtualServers(
        _ ids: inout ArraySlice<VirtualServer.ID>,
        _ dataplane: any IPVSDataplane,
        _ now: ContinuousClock.Instant,
        _ report: inout PassReport
    ) -> Bool {
        guard mirror.ipvs != nil else { return false }
        // With their entries: each look into the tables costs, and at the start all servers are wanted.
        var batch: [(id: VirtualServer.ID, entry: IPVSTable.Entry)] = []
        var changes: [IPVSChange] = []
        reserve(&batch, &changes, for: ids.count)
        var size = 0
        while size < Self.changesPerBatch, let id = ids.popFirst() {
            guard let entry = desired[id] else { continue }
            let start = changes.count
            // Not bound to a name: a second reference would make the next change copy the whole table.
            mirror.ipvs?.appendChanges(toReach: entry, of: id, to: &changes)
            if changes.count - start > Self.changesAtOnce {
                guard batch.isEmpty else {
                    // It begins the next batch, and is that batch.
                    changes.removeSubrange(start...)
                    ids = [id] + ids
                    break
                }
                return writePart(of: id, towards: entry, changes, dataplane, now, &report)
            }
            size += 1 + changes.count - start
            batch.append((id, entry))
        }
        drainInsteadOfRemoving(&changes, now)
        guard let refused = apply(changes, dataplane, &report) else { return false }
        // In place, as all that a bulk load has ten thousand of.
        let written = batch.span
        for index in written.indices {
            let id = written[index].id
            // What is refused has been noted as such.
            guard refused.isEmpty || !refused.contains(id) else { continue }
            if drains.isEmpty || !drains.virtualServers.contains(id) {
                // The desired entry itself, so that both share the storage of the real servers.
                mirror.ipvs?.entries[id] = written[index].entry
            }
            noteDone(id)
            if !refusedInParts.isEmpty { refusedInParts[id] = nil }
        }
        return true
    }

    /// Makes room for one batch: arrays that grow move, again and again.
    private func reserve(
        _ batch: inout [(id: VirtualServer.ID, entry: IPVSTable.Entry)],
        _ changes: inout [IPVSChange],
        for count: Int
    ) {
        let usual = 1 + desired.realServerCount / max(1, desired.virtualServerIDs.count)
        batch.reserveCapacity(min(count, 1 + Self.changesPerBatch / usual))
        changes.reserveCapacity(min(count * usual, Self.changesPerBatch + usual))
    }

    /// Removes the virtual servers that nobody wants any more.
    mutating func removeVirtualServers(_ dataplane: any IPVSDataplane, _ report: inout PassReport) {
        guard mirror.ipvs != nil else {
            // The next reading finds all that differs, unless one is under way.
            if verification?.table == nil { pending.virtualServers = [] }
            return
        }
        let gone = pending.virtualServers.filter { desired[$0] == nil }.sorted()
        let changes = gone.filter { mirror.ipvs?[$0] != nil }.map(IPVSChange.removeVirtualServer)
        guard let refused = apply(changes, dataplane, &report) else { return }
        for id in gone where !refused.contains(id) {
            mirror.ipvs?[id] = nil
            drains.removeAll(of: id)
            refusedInParts[id] = nil
            noteDone(id)
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
        guard let refused = send(changes, dataplane, &report) else { return nil }
        let refusedServers = Set(refused.lazy.map(\.change.virtualServer))
        if !refused.isEmpty || !drains.isEmpty {
            let refusedChanges = Set(refused.lazy.map(\.change))
            for change in changes where !refusedChanges.contains(change) {
                let id = change.virtualServer
                if refusedServers.contains(id) || drains.virtualServers.contains(id) { mirror.ipvs?.apply(change) }
            }
        }
        appendRefusals(refused, &report)
        return refusedServers
    }

    /// Sends the changes and counts those that took effect. The mirror does not follow them.
    ///
    /// - Returns: the refused changes; `nil` when it is unknown what took effect.
    mutating func send(
        _ changes: [IPVSChange],
        _ dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) -> [RefusedChange<IPVSChange>]? {
        guard !changes.isEmpty else { return [] }
        verification?.writtenMeanwhile.formUnion(changes.lazy.map(\.virtualServer))
        do throws(DataplaneError) {
            let refused = try dataplane.apply(changes)
            let virtualServers =
                changes.count(of: .virtualServer) - refused.count { $0.change.objectKind == .virtualServer }
            report.count(.virtualServer, virtualServers)
            report.count(.realServer, changes.count - refused.count - virtualServers)
            return refused
        } catch {
            mirror.ipvs = nil
            report.failures.append(error)
            return nil
        }
    }

    /// One refusal for each virtual server: when it could not be added, its real servers were refused for that alone.
    mutating func appendRefusals(_ refused: [RefusedChange<IPVSChange>], _ report: inout PassReport) {
        var blamed: Set<VirtualServer.ID> = []
        for change in refused where blamed.insert(change.change.virtualServer).inserted {
            let refusal = Refusal(kind: change.change.objectKind, attempt: "\(change.change)", error: change.error)
            report.refusals.append(refusal)
            noteRefused(change.change.virtualServer, refusal)
        }
    }
}

extension [IPVSChange] {
    /// How many change an object of that kind; in place, for a bulk load has a hundred thousand.
    fileprivate func count(of kind: ObjectKind) -> Int {
        var count = 0
        let changes = span
        for index in changes.indices where changes[index].objectKind == kind { count += 1 }
        return count
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
