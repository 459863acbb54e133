import KubernetesWatch
import Logging
import Synchronization

/// Tells an operator how the way to the API server fares: each fault once when it appears and once when it is over, never on
/// every retry.
final class ReflectorLog: Sendable {
    private struct State {
        var failure: APIError?
        var hasListed = false
    }

    private let kind: WatchedKind
    private let logger: Logger
    private let state = Mutex(State())

    init(_ kind: WatchedKind, logger: Logger) {
        self.kind = kind
        self.logger = logger
    }

    func note(_ event: ReflectorEvent) {
        state.withLock { note(event, &$0) }
    }

    private func note(_ event: ReflectorEvent, _ state: inout State) {
        switch event {
        case .failed(let error, let isListing, let delay):
            logger.log(
                level: error == state.failure ? .debug : .warning,
                isListing ? "the API server cannot be listed" : "a watch of the API server broke off",
                metadata: ["resource": "\(kind.rawValue)", "error": "\(error)", "retry-in": "\(delay)"]
            )
            state.failure = error
        case .listed(let count, _):
            // After the first list another one is news only if something had failed, which the watch will tell.
            logger.log(
                level: state.hasListed ? .debug : .info,
                "listed",
                metadata: ["resource": "\(kind.rawValue)", "objects": "\(count)"]
            )
            state.hasListed = true
        case .watching:
            if state.failure != nil {
                logger.info("the API server is watched again", metadata: ["resource": "\(kind.rawValue)"])
            }
            state.failure = nil
        case .watchEnded:
            logger.debug("a watch ended in good order", metadata: ["resource": "\(kind.rawValue)"])
        }
    }
}
