// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// Whether each family's work gets done, as far as it is for a load balancer or a liveness probe to know. Pure: the instants
/// are arguments.
///
/// As in kube-proxy, a family is late when changes have waited for longer than twice the sync period, and only then. Other
/// than in kube-proxy, which is healthy from its start, a family is not healthy before its first pass has succeeded: until
/// then nobody can rely on it. And a pass that failed counts as a change that waits, so that a broken family shows also where
/// no Service changes.
struct HealthState<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    /// One family, as it is at some instant.
    struct FamilyHealth: Hashable, Sendable {
        /// The end of the last pass that succeeded.
        var lastSuccess: Instant?
        /// Whether changes have waited for too long.
        var isLate: Bool

        var isHealthy: Bool { lastSuccess != nil && !isLate }
    }

    private struct FamilyState {
        var lastSuccess: Instant?
        /// Since when there has been something to do that no pass has taken up.
        var waitingSince: Instant?
        /// Since when there has been to do what the pass under way does.
        var appliedSince: Instant?

        var oldest: Instant? {
            guard let waitingSince, let appliedSince else { return waitingSince ?? appliedSince }
            return min(waitingSince, appliedSince)
        }
    }

    /// How long changes may wait.
    let timeout: Duration
    private var states: [IPFamily: FamilyState]

    /// - Parameter timeout: twice the sync period, as in kube-proxy.
    init(families: [IPFamily], timeout: Duration) {
        self.timeout = timeout
        states = Dictionary(families.map { ($0, FamilyState()) }) { first, _ in first }
    }

    /// There is something to bring to the kernel.
    mutating func noteChange(_ family: IPFamily, at now: Instant) {
        guard states[family]?.waitingSince == nil else { return }
        states[family]?.waitingSince = now
    }

    /// A pass takes up all that is to do. Changes from here on wait for the next one.
    mutating func notePassStarted(_ family: IPFamily, at now: Instant) {
        guard let oldest = states[family]?.oldest else {
            // A pass that nothing waited for is one that verifies. If it fails, there is something to do from here on.
            states[family]?.appliedSince = now
            return
        }
        states[family]?.appliedSince = oldest
        states[family]?.waitingSince = nil
    }

    mutating func notePassEnded(_ family: IPFamily, succeeded: Bool, at now: Instant) {
        guard var plane = states[family] else { return }
        if succeeded {
            plane.lastSuccess = now
        } else {
            plane.waitingSince = plane.oldest
        }
        plane.appliedSince = nil
        states[family] = plane
    }

    func health(at now: Instant) -> [IPFamily: FamilyHealth] {
        states.mapValues { plane in
            let isLate = plane.oldest.map { $0.duration(to: now) >= timeout } ?? false
            return FamilyHealth(lastSuccess: plane.lastSuccess, isLate: isLate)
        }
    }
}
