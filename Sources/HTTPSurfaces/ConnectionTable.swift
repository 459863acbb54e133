import NIOCore
import Synchronization

/// The open connections of a server, oldest first among those that wait for a request.
final class ConnectionTable: Sendable {
    private struct Entry {
        let channel: any Channel
        /// When it began to wait for a request; `nil` while one is answered.
        var waitingSince: UInt64?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Counts waits, so that their order is known.
        var waits: UInt64 = 0
        var isClosing = false
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// Takes a new connection in. Where that is one too many, one that waits for a request is closed in its place: a client
    /// that sends its request is served, however many others only hold connections open.
    func add(_ channel: any Channel) {
        let victim = state.withLock { state -> (any Channel)? in
            guard !state.isClosing else { return channel }
            state.waits += 1
            var victim: (any Channel)?
            if state.entries.count >= limit {
                let oldest = state.entries.filter { $0.value.waitingSince != nil }
                    .min { $0.value.waitingSince ?? 0 < $1.value.waitingSince ?? 0 }
                guard let oldest else { return channel }
                victim = oldest.value.channel
                state.entries[oldest.key] = nil
            }
            state.entries[ObjectIdentifier(channel)] = Entry(channel: channel, waitingSince: state.waits)
            return victim
        }
        victim?.close(promise: nil)
    }

    func remove(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)] = nil }
    }

    /// - Parameter isBusy: whether a request is being answered.
    /// - Returns: whether the connection is to be closed, because the server is.
    func note(_ channel: any Channel, isBusy: Bool) -> Bool {
        state.withLock { state in
            state.waits += 1
            state.entries[ObjectIdentifier(channel)]?.waitingSince = isBusy ? nil : state.waits
            return state.isClosing && !isBusy
        }
    }

    /// Closes all connections that wait for a request, now and from now on.
    func closeWaiting() {
        let waiting = state.withLock { state in
            state.isClosing = true
            return state.entries.values.filter { $0.waitingSince != nil }.map(\.channel)
        }
        for channel in waiting {
            channel.close(promise: nil)
        }
    }

    func closeAll() {
        let all = state.withLock { state in
            state.isClosing = true
            return state.entries.values.map(\.channel)
        }
        for channel in all {
            channel.close(promise: nil)
        }
    }
}
