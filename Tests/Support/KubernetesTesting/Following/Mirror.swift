// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesObjects
package import KubernetesWatch
import Synchronization
import SystemTesting

/// The objects that a reflector hands on, as somebody who follows it has them.
package final class Mirror<Object: WatchableObject>: Sendable {
    private struct State {
        var store = ObjectStore<Object>()
        var changes: [ObjectStore<Object>.Changes] = []
        var events: [ReflectorEvent] = []
    }

    private let state = Mutex(State())
    private let changed = Signal()

    package init() {}

    package var objects: [ObjectName: Object] { state.withLock { $0.store.objects } }
    package var hasSynced: Bool { state.withLock { $0.store.hasSynced } }
    /// What was handed on so far, one for each update that changed something.
    package var changes: [ObjectStore<Object>.Changes] { state.withLock { $0.changes } }
    package var events: [ReflectorEvent] { state.withLock { $0.events } }

    package var failures: [APIError] {
        events.compactMap { if case .failed(let error, _, _) = $0 { error } else { nil } }
    }

    package func observe(_ event: ReflectorEvent) {
        state.withLock { $0.events.append(event) }
        changed.raise()
    }

    package func apply(_ update: ResourceUpdate<ObservedObject<Object>>) {
        state.withLock { state in
            let changes = state.store.apply(update)
            if !changes.isEmpty { state.changes.append(changes) }
        }
        changed.raise()
    }

    /// Returns when a condition holds, or when the task is cancelled.
    package func wait(until condition: @Sendable (Mirror) -> Bool) async {
        while !Task.isCancelled {
            let generation = changed.generation
            if condition(self) { return }
            await changed.wait(past: generation)
        }
    }

    /// Follows a resource while `body` runs.
    package static func follow<Transport: APITransport, RetryClock: Clock<Duration>, Result: Sendable>(
        _ source: ResourceListWatch<Transport, Object>,
        clock: RetryClock,
        backoff: Backoff = Backoff(),
        seed: UInt64 = 1,
        _ body: @escaping @Sendable (Mirror) async throws -> Result
    ) async throws -> Result {
        let mirror = Mirror()
        let reflector = Reflector(
            source: source,
            clock: clock,
            backoff: backoff,
            generator: SeededGenerator(seed: seed),
            observe: { mirror.observe($0) }
        )
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                for await update in reflector { mirror.apply(update) }
                return nil
            }
            group.addTask { try await body(mirror) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
