// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The real servers that are on their way out: weight 0, kept while they still have connections.
///
/// It is not saved anywhere. After a restart the kernel shows which ones drain: weight 0 and not desired.
struct DrainList {
    typealias Instant = ContinuousClock.Instant

    /// The longest time that a real server drains.
    let cap: Duration

    /// By virtual server, because those are what is read: several that share a pod drain apart from each other.
    private var starts: [VirtualServer.ID: [RealServer.ID: Instant]] = [:]
    /// Virtual servers with a new draining real server. It is removed at once where a first count finds no connections.
    private var uncounted: Set<VirtualServer.ID> = []
    private var lastPoll: Instant?
    /// Virtual servers that are still to be looked at, of those that were due.
    private var undrained: ArraySlice<VirtualServer.ID> = []

    /// How many drain.
    private(set) var count = 0

    /// How often connections are counted, which reads each virtual server with a draining real server. One that drained
    /// a few seconds ago does no harm: with weight 0 it gets no new connections.
    static var pollInterval: Duration { .seconds(5) }

    /// After so many virtual and real servers that it has read, a poll lets others write.
    private static let readAtOnce = 2048

    init(cap: Duration) {
        self.cap = cap
    }

    var isEmpty: Bool { starts.isEmpty }

    /// The virtual servers with draining real servers.
    var virtualServers: Dictionary<VirtualServer.ID, [RealServer.ID: Instant]>.Keys { starts.keys }

    /// When connections are to be counted next; `nil` when no real server drains.
    var nextPoll: Instant? {
        isEmpty ? nil : lastPoll?.advanced(by: Self.pollInterval)
    }

    func contains(_ realServer: RealServer.ID, of virtualServer: VirtualServer.ID) -> Bool {
        starts[virtualServer]?[realServer] != nil
    }

    /// Those of a virtual server, and since when.
    func starts(of virtualServer: VirtualServer.ID) -> [RealServer.ID: Instant] { starts[virtualServer] ?? [:] }

    /// The virtual servers whose connections are to be counted at that instant, in order.
    func due(at now: Instant) -> [VirtualServer.ID] {
        guard let nextPoll, nextPoll > now else { return starts.keys.sorted() }
        return uncounted.sorted()
    }

    /// Those of a virtual server's real servers that drain no longer: without connections, or for as long as they may.
    /// The cap counts from when this process saw the drain begin: a restart starts it anew.
    func ended(
        of virtualServer: VirtualServer.ID,
        _ observed: [ObservedRealServer],
        at now: Instant
    ) -> [RealServer.ID] {
        observed.filter { server in
            guard let start = starts[virtualServer]?[server.realServer.id] else { return false }
            return server.activeConnections + server.inactiveConnections == 0 || start.advanced(by: cap) <= now
        }
        .map(\.realServer.id)
    }

    /// Forgets real servers that are gone: another program removed them.
    mutating func forget(missingFrom observed: [ObservedRealServer], of virtualServer: VirtualServer.ID) {
        let present = Set(observed.lazy.map(\.realServer.id))
        for realServer in starts[virtualServer, default: [:]].keys where !present.contains(realServer) {
            remove(realServer, of: virtualServer)
        }
    }

    mutating func notePoll(at now: Instant) {
        if nextPoll.map({ $0 <= now }) ?? true {
            lastPoll = now
        }
        uncounted.removeAll()
    }

    /// Does nothing for a server that drains already: its time goes on.
    mutating func insert(_ realServer: RealServer.ID, of virtualServer: VirtualServer.ID, at now: Instant) {
        guard starts[virtualServer]?[realServer] == nil else { return }
        starts[virtualServer, default: [:]][realServer] = now
        uncounted.insert(virtualServer)
        count += 1
        lastPoll = lastPoll ?? now
    }

    mutating func remove(_ realServer: RealServer.ID, of virtualServer: VirtualServer.ID) {
        guard starts[virtualServer]?.removeValue(forKey: realServer) != nil else { return }
        count -= 1
        if starts[virtualServer]?.isEmpty ?? true {
            starts[virtualServer] = nil
            uncounted.remove(virtualServer)
        }
        if isEmpty {
            lastPoll = nil
        }
    }

    mutating func removeAll(of virtualServer: VirtualServer.ID) {
        for realServer in starts[virtualServer, default: [:]].keys {
            remove(realServer, of: virtualServer)
        }
    }

    // MARK: The kernel

    /// Turns the removal of a TCP real server into weight 0: it takes no new connections and keeps the old ones. One that
    /// came back is wanted with its weight again, which is an edit, and drains no more.
    ///
    /// UDP and SCTP go at once: a flow that stays with an endpoint that is gone is lost either way.
    mutating func replaceRemovals(in changes: inout [IPVSChange], of table: IPVSTable, at now: Instant) {
        guard !isEmpty || changes.removeRealServers else { return }
        changes = changes.compactMap { change in
            switch change {
            case .removeRealServer(let id, from: let server) where server.transport == .tcp:
                insert(id, of: server, at: now)
                guard var realServer = table.realServer(id, of: server), realServer.weight != 0 else { return nil }
                realServer.weight = 0
                return .editRealServer(realServer, of: server)
            case .addRealServer(let realServer, to: let server), .editRealServer(let realServer, of: let server):
                remove(realServer.id, of: server)
                return change
            default:
                return change
            }
        }
    }

    /// A virtual server as it would be if those that drain were gone.
    func withoutDraining(_ entry: IPVSTable.Entry, of id: VirtualServer.ID) -> IPVSTable.Entry {
        guard virtualServers.contains(id) else { return entry }
        var entry = entry
        entry.realServers.removeAll { $0.weight == 0 && contains($0.id, of: id) }
        return entry
    }

    /// Looks at some of the virtual servers that are due. `notePart` is to follow.
    ///
    /// - Returns: the removals of those that drain no longer; `nil` where no virtual server is due.
    mutating func takeEnded(at now: Instant, on dataplane: any IPVSDataplane) throws(DataplaneError) -> [IPVSChange]? {
        if undrained.isEmpty { undrained = due(at: now)[...] }
        guard !undrained.isEmpty else { return nil }
        var removals: [IPVSChange] = []
        var looked = 0
        while removals.count < PartedServers.changesAtOnce, looked < Self.readAtOnce, let id = undrained.popFirst() {
            do throws(DataplaneError) {
                guard let observed = try dataplane.realServers(of: id) else {
                    removeAll(of: id)
                    continue
                }
                looked += 1 + observed.count
                forget(missingFrom: observed, of: id)
                let ended = ended(of: id, observed, at: now)
                let part = ended.prefix(PartedServers.changesPerPart(realServers: observed.count))
                removals += part.map { .removeRealServer($0, from: id) }
                guard part.count < ended.count else { continue }
                undrained = [id] + undrained
                break
            } catch {
                undrained = []
                notePoll(at: now)
                throw error
            }
        }
        return removals
    }

    /// Ends what `takeEnded` has begun.
    ///
    /// - Parameter isLast: whether to leave the rest to the next poll.
    /// - Returns: whether there is more to look at.
    mutating func notePart(at now: Instant, isLast: Bool) -> Bool {
        if isLast { undrained = [] }
        if undrained.isEmpty { notePoll(at: now) }
        return !undrained.isEmpty
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
