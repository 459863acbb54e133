import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Turns the removal of a TCP real server into weight 0: it takes no new connections and keeps the old ones. One that
    /// came back is wanted with its weight again, which is an edit, and drains no more.
    ///
    /// UDP and SCTP go at once: a flow that stays with an endpoint that is gone is lost either way.
    mutating func drainInsteadOfRemoving(_ changes: inout [IPVSChange], _ now: ContinuousClock.Instant) {
        guard !drains.isEmpty || changes.removeRealServers else { return }
        changes = changes.compactMap { change in
            switch change {
            case .removeRealServer(let id, from: let server) where server.transport == .tcp:
                drains.insert(id, of: server, at: now)
                guard var realServer = mirror.ipvs?.realServer(id, of: server), realServer.weight != 0 else {
                    return nil
                }
                realServer.weight = 0
                return .editRealServer(realServer, of: server)
            case .addRealServer(let realServer, to: let server), .editRealServer(let realServer, of: let server):
                drains.remove(realServer.id, of: server)
                return change
            default:
                return change
            }
        }
    }

    /// Removes the real servers that have drained, or may drain no longer.
    mutating func endDrains(
        _ dataplane: any IPVSDataplane,
        _ now: ContinuousClock.Instant,
        _ report: inout PassReport
    ) {
        guard mirror.ipvs != nil, !drains.isEmpty else { return }
        if undrained.isEmpty { undrained = drains.due(at: now)[...] }
        guard !undrained.isEmpty else { return }
        var changes: [IPVSChange] = []
        var looked = 0
        while changes.count < Self.changesAtOnce, looked < Self.changesPerBatch, let id = undrained.first {
            undrained.removeFirst()
            do throws(DataplaneError) {
                guard let observed = try dataplane.realServers(of: id) else {
                    drains.removeAll(of: id)
                    continue
                }
                looked += 1 + observed.count
                drains.forget(missingFrom: observed, of: id)
                let ended = drains.ended(of: id, observed, at: now)
                let part = ended.prefix(Self.changesPerPart(realServers: observed.count))
                changes += part.map { .removeRealServer($0, from: id) }
                guard part.count < ended.count else { continue }
                undrained = [id] + undrained
                break
            } catch {
                report.failures.append(error)
                undrained = []
                drains.notePoll(at: now)
                return
            }
        }
        let written = report.written
        let isKnown = apply(changes, dataplane, &report) != nil
        // Where the kernel removes none of a part, the next poll tries again.
        if !changes.isEmpty, report.written == written { undrained = [] }
        if undrained.isEmpty { drains.notePoll(at: now) } else { hasMoreServers = true }
        guard isKnown else { return }
        for case .removeRealServer(let realServer, from: let id) in changes
        where mirror.ipvs?.realServer(realServer, of: id) == nil {
            drains.remove(realServer, of: id)
        }
    }

    /// A virtual server as it would be if those that drain were gone.
    func withoutDraining(_ entry: IPVSTable.Entry, of id: VirtualServer.ID) -> IPVSTable.Entry {
        guard drains.virtualServers.contains(id) else { return entry }
        var entry = entry
        entry.realServers.removeAll { $0.weight == 0 && drains.contains($0.id, of: id) }
        return entry
    }
}

extension [IPVSChange] {
    /// Whether any of them removes a real server; in place, for a bulk load has a hundred thousand.
    fileprivate var removeRealServers: Bool {
        let changes = span
        for index in changes.indices {
            if case .removeRealServer = changes[index] { return true }
        }
        return false
    }
}
