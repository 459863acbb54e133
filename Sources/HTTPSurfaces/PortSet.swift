// SPDX-License-Identifier: GPL-2.0-or-later
public import ServiceLifecycle
import Synchronization

/// Ports that are open as long as they are wanted, those of each key with an answer of its own.
///
/// What is wanted changes at any time; a port that stays wanted stays open, whatever its answer becomes.
public final class PortSet<Key: Hashable & Comparable & Sendable>: Service {
    /// What answers for a key; asked for each request.
    public typealias Responder = @Sendable (Key) async -> HTTPAnswer

    private struct Port: Hashable, Comparable, Sendable {
        var key: Key
        var address: ListenAddress

        static func < (left: Self, right: Self) -> Bool {
            (left.key, left.address.port, left.address.address) < (right.key, right.address.port, right.address.address)
        }
    }

    private struct State {
        var wanted: Set<Port> = []
        var open: Set<Port> = []
        /// Whether the two are the same.
        var isDone = true
    }

    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let limits: ConnectionLimits
    private let onFailure: @Sendable (Key, ListenError) -> Void
    private let responder: Responder

    /// - Parameters:
    ///   - onFailure: called when a port cannot be opened: once, and again only after it has failed in another way, been open
    ///     or not been wanted.
    public init(
        limits: ConnectionLimits = ConnectionLimits(),
        onFailure: @escaping @Sendable (Key, ListenError) -> Void = { _, _ in },
        responder: @escaping Responder
    ) {
        (changes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.limits = limits
        self.onFailure = onFailure
        self.responder = responder
    }

    /// Makes these all the addresses that are to be listened on.
    public func replace(_ wanted: [Key: Set<ListenAddress>]) {
        let ports = Set(wanted.flatMap { key, addresses in addresses.map { Port(key: key, address: $0) } })
        state.withLock { state in
            state.wanted = ports
            state.isDone = state.open == ports
        }
        retry()
    }

    /// Tries again what could not be opened. Costs nothing when all is open.
    public func retry() {
        if !state.withLock({ $0.isDone }) {
            signal.yield()
        }
    }

    /// What is open now.
    public var open: [Key: Set<ListenAddress>] {
        state.withLock { $0.open }.reduce(into: [:]) { $0[$1.key, default: []].insert($1.address) }
    }

    /// Opens and closes ports until the daemon shuts down; then closes all.
    public func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var listeners: [Port: HTTPListener] = [:]
                var errors: [Port: ListenError] = [:]
                for await _ in self.changes {
                    let wanted = self.state.withLock { $0.wanted }
                    // Closing comes first: a port may have gone over to another key.
                    var freed: Set<ListenAddress> = []
                    for (port, listener) in listeners where !wanted.contains(port) {
                        await listener.close()
                        listeners[port] = nil
                        freed.insert(port.address)
                    }
                    errors = errors.filter { wanted.contains($0.key) }
                    for port in wanted.subtracting(listeners.keys).sorted() {
                        do throws(ListenError) {
                            let listener = try await self.listen(port, wasFreed: freed.contains(port.address))
                            listeners[port] = listener
                            errors[port] = nil
                            group.addTask { await listener.serve() }
                        } catch {
                            if errors.updateValue(error, forKey: port) != error {
                                self.onFailure(port.key, error)
                            }
                        }
                    }
                    self.state.withLock { state in
                        state.open = Set(listeners.keys)
                        state.isDone = state.open == state.wanted
                    }
                }
                for listener in listeners.values {
                    await listener.close()
                }
            }
        }
    }

    /// - Parameter wasFreed: whether we had the address open a moment ago. Then it may be taken for another moment: a process
    ///   that is being started (iptables-restore) has copies of our sockets until it has become another program.
    private func listen(_ port: Port, wasFreed: Bool) async throws(ListenError) -> HTTPListener {
        var attempts = wasFreed ? 20 : 1
        while true {
            attempts -= 1
            do throws(ListenError) {
                return try await HTTPListener.open(on: port.address, limits: limits) { [responder] _ in
                    await responder(port.key)
                }
            } catch {
                guard attempts > 0 else { throw error }
                // Ends early when the daemon shuts down, which ends the attempts as well.
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}
