// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesWatch
import Logging
import Synchronization

/// Tells an operator how the way to the API server fares: each fault once when it appears and once when it is over, never on
/// every retry. What comes back as soon as it is over is told of once more, as that, and then no more until it has stayed
/// away for a while.
final class ReflectorLog: Sendable {
    private struct State {
        /// The failure since the last watch, by its label and its place.
        var failure: String?
        var hasListed = false
        /// The failures that come and go, each with how often it came and when last.
        var recent: [String: (count: Int, at: Duration)] = [:]
    }

    /// For how long a fault stays away that is over.
    private static var over: Duration { .seconds(300) }

    private let kind: WatchedKind
    private let logger: Logger
    private let now: @Sendable () -> Duration
    private let state = Mutex(State())

    /// - Parameter clock: Says how soon a fault is back.
    init<Timekeeper: Clock>(_ kind: WatchedKind, logger: Logger, clock: Timekeeper = ContinuousClock())
    where Timekeeper.Duration == Duration {
        self.kind = kind
        self.logger = logger
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }

    func note(_ event: ReflectorEvent) {
        state.withLock { note(event, &$0) }
    }

    private func note(_ event: ReflectorEvent, _ state: inout State) {
        switch event {
        case .failed(let error, let isListing, let delay):
            noteFailure(error, isListing: isListing, delay: delay, &state)
        case .listed(let count, _):
            // After the first list another one is news only if something had failed, which the watch will tell.
            logger.log(
                level: state.hasListed ? .debug : .info,
                "listed",
                metadata: ["resource": "\(kind.rawValue)", "objects": .stringConvertible(count)]
            )
            state.hasListed = true
        case .watching:
            if let failure = state.failure {
                let isNews = (state.recent[failure]?.count ?? 0) <= 1
                logger.log(
                    level: isNews ? .info : .debug,
                    "the API server is watched again",
                    metadata: ["resource": "\(kind.rawValue)"]
                )
            }
            state.failure = nil
        case .watchEnded:
            logger.debug("a watch ended in good order", metadata: ["resource": "\(kind.rawValue)"])
        }
    }
    private func noteFailure(_ error: APIError, isListing: Bool, delay: Duration, _ state: inout State) {
        // Not by its words, in which a version may stand that is another each time.
        let failure = "\(isListing) \(error.label)"
        let now = now()
        state.recent = state.recent.filter { now - $0.value.at < Self.over }
        var count = state.recent[failure]?.count ?? 0
        if state.failure != failure { count += 1 }
        let isNews = state.failure != failure && count <= 2
        state.failure = failure
        state.recent[failure] = (count, now)

        var metadata: Logger.Metadata = [
            "resource": "\(kind.rawValue)", "error": "\(error)", "retry-in": "\(delay)",
        ]
        if case .status(let status) = error, let wanted = status.retryAfter, wanted > delay {
            metadata["asked-for"] = "\(wanted)"
        }
        let event = isListing ? "the API server cannot be listed" : "a watch of the API server broke off"
        let back = " again; told of no more until it has stayed away for \(Self.over)"
        logger.log(
            level: isNews ? .warning : .debug,
            "\(event)\(isNews && count == 2 ? back : "")",
            metadata: metadata
        )
    }
}
