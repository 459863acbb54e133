// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// What is followed at the API server, as a bounded set: for metric labels.
enum WatchedKind: String, CaseIterable, Hashable, Sendable {
    case services
    case endpointSlices = "endpointslices"
    case node = "nodes"
}

/// Which kinds have been handed over whole. No rule is written before all have.
final class SourceProgress: Sendable {
    private let complete = Mutex<Set<WatchedKind>>([])

    func has(_ kind: WatchedKind) -> Bool {
        complete.withLock { $0.contains(kind) }
    }

    /// Whether this kind was the last that was missing.
    func completes(with kind: WatchedKind) -> Bool {
        complete.withLock { complete in
            complete.insert(kind).inserted && complete.count == WatchedKind.allCases.count
        }
    }
}
