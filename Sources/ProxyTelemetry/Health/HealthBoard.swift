// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import KubernetesHTTP
package import KubernetesObjects
import Synchronization

/// The daemon's health, written by the task that makes the passes and read by the servers.
public final class HealthBoard: Sendable {
    package typealias Instant = ContinuousClock.Instant

    private struct State {
        var health: HealthState<Instant>
        var isNodeEligible: Bool
        var refusedObjects: [IPFamily: Int] = [:]
        var degradedSettings: [String] = []
        var dryRunDifferences: Int?
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Instant
    private let calendar: @Sendable () -> UnixTime

    /// - Parameters:
    ///   - timeout: how long changes may wait.
    ///   - needsNode: whether the node counts as eligible only once its object is known. With an API server it does, as for
    ///     kube-proxy; manifests need not hold a Node.
    package init(
        families: [IPFamily],
        timeout: Duration,
        needsNode: Bool,
        clock: @escaping @Sendable () -> Instant = { .now },
        calendar: @escaping @Sendable () -> UnixTime = { .current }
    ) {
        state = Mutex(
            State(health: HealthState(families: families, timeout: timeout), isNodeEligible: !needsNode)
        )
        self.clock = clock
        self.calendar = calendar
    }

    // MARK: Writing

    func noteChange(_ family: IPFamily, at now: Instant) {
        state.withLock { $0.health.noteChange(family, at: now) }
    }

    func notePassStarted(_ family: IPFamily, at now: Instant) {
        state.withLock { $0.health.notePassStarted(family, at: now) }
    }

    func notePassEnded(_ family: IPFamily, succeeded: Bool, at now: Instant) {
        state.withLock { $0.health.notePassEnded(family, succeeded: succeeded, at: now) }
    }

    /// The kernel has refused so many objects and not taken them since.
    func noteRefused(_ family: IPFamily, _ count: Int) {
        state.withLock { $0.refusedObjects[family] = count }
    }

    /// - Parameter settings: the kernel's that are not as the data plane needs them. They make no node unhealthy.
    func noteDegraded(_ settings: [String]) {
        state.withLock { $0.degradedSettings = settings }
    }

    /// A dry run finds so many differences. They make no node unhealthy.
    func noteDifferences(_ count: Int) {
        state.withLock { $0.dryRunDifferences = count }
    }

    /// A node that is about to go should get no new traffic from a load balancer.
    package func noteNode(_ node: Node) {
        state.withLock { $0.isNodeEligible = !node.isBeingDeleted }
    }

    // MARK: Reading

    /// For load balancers: whether the node should get traffic.
    package var readiness: HealthReport {
        var report = report { $0.isHealthy }
        report.isNodeEligible = state.withLock { $0.isNodeEligible }
        return report
    }

    /// For liveness probes: whether another start could help. It could not while there is nothing to do, as when the API
    /// server cannot be reached, so the time before the first pass is no reason.
    package var liveness: HealthReport {
        report { !$0.isLate }
    }

    /// Whether what the kernel has can be relied on, whatever becomes of the node.
    package var isHealthy: Bool { readiness.isHealthy }

    private func report(_ isHealthy: (HealthState<Instant>.FamilyHealth) -> Bool) -> HealthReport {
        let now = clock()
        let current = calendar()
        let (families, refused, degraded, differences) = state.withLock {
            ($0.health.health(at: now), $0.refusedObjects, $0.degradedSettings, $0.dryRunDifferences)
        }
        let statuses = families.map { name, family in
            let status = HealthReport.FamilyStatus(
                lastUpdated: family.lastSuccess.map { current.advanced(by: .zero - $0.duration(to: now)) },
                isHealthy: isHealthy(family),
                refusedObjects: refused[name, default: 0]
            )
            return (name, status)
        }
        return HealthReport(
            currentTime: current,
            isNodeEligible: nil,
            families: Dictionary(statuses) { first, _ in first },
            degradedSettings: degraded,
            dryRunDifferences: differences
        )
    }
}

extension UnixTime {
    func advanced(by duration: Duration) -> UnixTime {
        UnixTime(microseconds: microseconds + Int64(duration / .microseconds(1)))
    }
}
