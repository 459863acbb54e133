import DataplaneModel

/// The real servers that are on their way out: weight 0, kept while they still have connections.
///
/// It is not saved anywhere. After a restart the kernel itself says who drains: weight 0 and not desired.
struct DrainList {
    typealias Instant = ContinuousClock.Instant

    /// The longest time that a real server drains.
    let cap: Duration

    /// By virtual server, because those are what is read: several that share a pod drain apart from each other.
    private var starts: [VirtualServer.ID: [RealServer.ID: Instant]] = [:]
    /// Virtual servers with somebody new, whose connections have not been counted yet: one without any goes at once.
    private var uncounted: Set<VirtualServer.ID> = []
    private var lastPoll: Instant?

    /// How many drain.
    private(set) var count = 0

    /// How often connections are counted. It costs a read of each virtual server with somebody draining, and one that has
    /// drained a few seconds ago harms nobody: with weight 0 it gets no new connections.
    static var pollInterval: Duration { .seconds(5) }

    init(cap: Duration) {
        self.cap = cap
    }

    var isEmpty: Bool { starts.isEmpty }

    /// The virtual servers with somebody draining.
    var virtualServers: Dictionary<VirtualServer.ID, [RealServer.ID: Instant]>.Keys { starts.keys }

    /// When connections are to be counted next; `nil` when nobody drains.
    var nextPoll: Instant? {
        isEmpty ? nil : lastPoll?.advanced(by: Self.pollInterval)
    }

    func contains(_ realServer: RealServer.ID, of virtualServer: VirtualServer.ID) -> Bool {
        starts[virtualServer]?[realServer] != nil
    }

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

    /// Forgets those that are not there any more: somebody else removed them.
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
}
