// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Reconcile
import Telemetry

/// What passes over the kernel did.
public struct PassMetrics: Sendable {
    private let passes: Counter
    private let applied: Counter
    private let refused: Counter
    private let standing: Gauge
    private let failures: Counter
    private let drift: Counter
    private let draining: Gauge
    private let contestedJumps: Gauge
    private let virtualServers: Gauge
    private let contestedServers: Gauge
    private let realServers: Gauge
    private let setEntries: Gauge
    private let setCapacity: Gauge

    init(_ registry: MetricRegistry, _ families: [IPFamily]) {
        passes = registry.counter(
            "kubeipvs_passes_total",
            "Passes by how they ended: complete, refused (the kernel refused single objects) or failed "
                + "(a part of the data plane could not be read or written)",
            labels: ["ip_family", "mode", "result"]
        )
        applied = registry.counter(
            "kubeipvs_changes_applied_total", "Kernel objects written", labels: ["ip_family", "kind"]
        )
        refused = registry.counter(
            "kubeipvs_changes_refused_total",
            "Kernel objects that the kernel refused to change, each try counted",
            labels: ["ip_family", "kind", "reason"]
        )
        standing = registry.gauge(
            "kubeipvs_refused_objects",
            "Kernel objects that the kernel has refused to change and that are tried again from time to time",
            labels: ["ip_family"]
        )
        failures = registry.counter(
            "kubeipvs_dataplane_failures_total",
            "Passes in which a part of the data plane could not be read or written", labels: ["ip_family", "part"]
        )
        drift = registry.counter(
            "kubeipvs_drift_repaired_total",
            "Kernel objects that somebody else had changed and that were put right", labels: ["ip_family", "kind"]
        )
        draining = registry.gauge(
            "kubeipvs_draining_real_servers",
            "Removed real servers that keep their connections for now", labels: ["ip_family"]
        )
        contestedJumps = registry.gauge(
            "kubeipvs_contested_jumps",
            "Jumps to KUBE-SERVICES before which rules of others come again and again", labels: ["ip_family"]
        )
        virtualServers = registry.gauge(
            "kubeipvs_virtual_servers", "Virtual servers that are wanted", labels: ["ip_family"]
        )
        contestedServers = registry.gauge(
            "kubeipvs_contested_virtual_servers",
            "Virtual servers that more than one Service port wants; the log names who does not get them",
            labels: ["ip_family"]
        )
        realServers = registry.gauge(
            "kubeipvs_real_servers",
            "Real servers that are wanted, one of several virtual servers counted in each", labels: ["ip_family"]
        )
        setEntries = registry.gauge(
            "kubeipvs_set_entries", "Members of each ipset", labels: ["set"]
        )
        setCapacity = registry.gauge(
            "kubeipvs_set_capacity",
            "Members that each ipset has room for; it is replaced by a larger one when it is full", labels: ["set"]
        )
        beginAtZero(families)
    }

    /// So that an alert on an increase sees the first one.
    private func beginAtZero(_ families: [IPFamily]) {
        for family in families {
            for part in DataplaneError.Part.allCases {
                failures.increment(by: 0, "\(family)", part.rawValue)
            }
            for kind in ObjectKind.allCases {
                applied.increment(by: 0, "\(family)", kind.rawValue)
                drift.increment(by: 0, "\(family)", kind.rawValue)
            }
            for mode in ["changes", "verify", "rules"] {
                for result in ["complete", "refused", "failed"] {
                    passes.increment(by: 0, "\(family)", mode, result)
                }
            }
            draining.set(0, "\(family)")
            standing.set(0, "\(family)")
            contestedJumps.set(0, "\(family)")
        }
    }

    func note(_ report: PassReport) {
        let family = "\(report.family)"
        passes.increment(family, "\(report.mode)", report.result)
        for (kind, count) in report.applied {
            applied.increment(by: count, family, kind.rawValue)
        }
        for refusal in report.refusals {
            refused.increment(family, refusal.kind.rawValue, ErrorName.of(refusal.error.number))
        }
        for part in Set((report.failures + (report.degradedSettings ?? []).map(\.failure)).lazy.map(\.part)) {
            failures.increment(family, part.rawValue)
        }
        for (kind, count) in report.drift {
            drift.increment(by: count, family, kind.rawValue)
        }
        if let count = report.contestedJumps { contestedJumps.set(count, family) }
        guard report.mode != .rules else { return }
        draining.set(report.draining, family)
        standing.set(report.standing.count, family)
    }

    func noteSizes(_ family: IPFamily, _ sizes: FamilySizes) {
        virtualServers.set(sizes.virtualServers, "\(family)")
        contestedServers.set(sizes.contestedServers, "\(family)")
        realServers.set(sizes.realServers, "\(family)")
        for set in sizes.sets {
            setEntries.set(set.members, set.name)
            setCapacity.set(set.capacity, set.name)
        }
    }
}

extension PassReport {
    fileprivate var result: String {
        if !failures.isEmpty { return "failed" }
        return refusals.isEmpty ? "complete" : "refused"
    }
}
