import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Synchronization

@testable import KubernetesHTTP

/// Follows a resource as the daemon does, and keeps what it sees.
final class Follower<Object: WatchableObject>: Sendable {
    private struct State {
        var store = ObjectStore<Object>()
        var failures: [APIError] = []
        var lists = 0
        var watches = 0
    }

    private let state = Mutex(State())
    private let changed = Signal()

    var objects: [ObjectName: Object] { state.withLock { $0.store.objects } }
    var failures: [APIError] { state.withLock { $0.failures } }
    /// How many lists were complete, and how many watches have begun.
    var lists: Int { state.withLock { $0.lists } }
    var watches: Int { state.withLock { $0.watches } }

    /// Until the task is cancelled.
    func follow(_ source: ResourceListWatch<HTTPTransport, Object>) async {
        // Tests have no time for real delays.
        let backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(8))
        let reflector = Reflector(source: source, clock: ContinuousClock(), backoff: backoff) { event in
            self.update { state in
                switch event {
                case .listed: state.lists += 1
                case .watching: state.watches += 1
                case .failed(let error, _, _): state.failures.append(error)
                case .watchEnded: break
                }
            }
        }
        for await change in reflector {
            update { _ = $0.store.apply(change) }
        }
    }

    /// Returns when a condition holds, or the task is cancelled. It is looked at after each change that is seen here.
    func wait(until condition: @Sendable (Follower) -> Bool) async {
        while !Task.isCancelled {
            let generation = changed.generation
            if condition(self) { return }
            await changed.wait(past: generation)
        }
    }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        changed.raise()
    }
}
