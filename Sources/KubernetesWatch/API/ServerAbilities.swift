// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// What an API server has turned out not to know, for all that is listed and watched there.
///
/// A feature counts as unknown once a request without it was answered that was refused with it. A refusal in words that name
/// no feature has to come twice. After an hour the feature is asked for again: the server may have been upgraded, or one of
/// several behind a load balancer is older than the others, or another server refused in its place.
public final class ServerAbilities: Sendable {
    private struct Key: Hashable {
        var feature: RequestFeature
        /// Empty for what is the server's and no resource's.
        var path: String

        init(_ feature: RequestFeature, at path: String) {
            self.feature = feature
            self.path = feature == .streamingLists ? "" : path
        }
    }

    private struct State {
        /// When a feature was refused last.
        var refused: [Key: Duration] = [:]
        /// Refused once, in words that do not name it.
        var suspected: Set<Key> = []
        var told: Set<Key> = []
        var hasToldOfStreams = false
        /// The paths whose last streaming list was begun and did not come to its end.
        var brokenStreams: Set<String> = []
    }

    private static var memory: Duration { .seconds(3600) }

    private let now: @Sendable () -> Duration
    private let observe: @Sendable (ServerNotice) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - clock: Says how long ago something was refused.
    ///   - observe: Called once for each thing that an operator may want to know of the server.
    public init<Timekeeper: Clock>(
        clock: Timekeeper = ContinuousClock(),
        observe: @escaping @Sendable (ServerNotice) -> Void = { _ in }
    ) where Timekeeper.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        self.observe = observe
    }

    /// The features to ask for at a path.
    func features(at path: String) -> Set<RequestFeature> {
        let now = now()
        return state.withLock { state in
            Set(RequestFeature.allCases).filter { feature in
                guard let since = state.refused[Key(feature, at: path)] else { return true }
                return now - since >= Self.memory
            }
        }
    }

    /// Takes note that a request was answered only without some features.
    func note(_ refusals: [FeatureRefusal], at path: String) {
        let now = now()
        for refusal in refusals {
            for feature in refusal.features {
                let key = Key(feature, at: path)
                let isNews = state.withLock { state in
                    guard refusal.isNamed || !state.suspected.insert(key).inserted else { return false }
                    state.refused[key] = now
                    return state.told.insert(key).inserted
                }
                if isNews { observe(.leavesOut(feature, path: path, refusal.error)) }
            }
        }
    }
}

// MARK: - Streaming lists

extension ServerAbilities {
    /// Whether a streaming list may be asked for. After one that has broken off, the next list comes in pages: to get on is
    /// better than to insist. client-go does the same.
    func takesStreams(at path: String) -> Bool {
        state.withLock { $0.brokenStreams.remove(path) == nil }
    }

    func noteBrokenStream(at path: String) {
        _ = state.withLock { $0.brokenStreams.insert(path) }
    }

    func noteWholeStream() {
        let isNews = state.withLock { state in
            defer { state.hasToldOfStreams = true }
            return !state.hasToldOfStreams
        }
        if isNews { observe(.streams) }
    }
}

/// Something about an API server that an operator may want to know.
public enum ServerNotice: Hashable, Sendable {
    /// The server has refused a feature, and what is listed and watched at the path is asked for without it from now on.
    case leavesOut(RequestFeature, path: String, APIError)
    /// Lists come as streaming lists.
    case streams
}
