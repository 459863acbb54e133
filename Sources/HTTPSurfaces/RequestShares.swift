// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// How many requests all servers of the process begin with in a second.
///
/// Requests do not stand in one queue: who floods the ports waits for its own kind only. The node's own probes (the kubelet
/// opens a connection for each) have no limit: who runs on the node can have its processor anyway.
public final class RequestShares: Sendable {
    /// Of this process.
    public static let shared = RequestShares()

    enum Kind {
        /// The first of a connection that comes from the node itself.
        case probe
        /// The first of another connection.
        case first
        /// One more of the same connection.
        case further
    }

    private struct Paces {
        var first: Pace
        var further: Pace
    }

    private let paces: Mutex<Paces>

    /// - Parameters:
    ///   - first: Requests in a second that are the first of their connection.
    ///   - further: Those that are not.
    public init(first: Int = 500, further: Int = 500) {
        paces = Mutex(
            Paces(first: Pace(rate: first, burst: first / 5 + 1), further: Pace(rate: further, burst: further / 5 + 1)))
    }

    /// - Returns: how long to wait; `nil` where there are too many already.
    func wait(_ kind: Kind, at now: ContinuousClock.Instant) -> Duration? {
        paces.withLock { paces in
            switch kind {
            case .probe: .zero
            case .first: paces.first.wait(at: now, patience: .seconds(1))
            case .further: paces.further.wait(at: now, patience: .seconds(2))
            }
        }
    }
}
