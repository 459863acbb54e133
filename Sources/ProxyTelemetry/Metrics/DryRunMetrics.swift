// SPDX-License-Identifier: GPL-2.0-or-later
import Reconcile
import Telemetry

/// How many objects of which kind the kernel has otherwise than they are wanted. There are no series but in a dry run.
public struct DryRunMetrics: Sendable {
    private let differences: Gauge

    init(_ registry: MetricRegistry) {
        differences = registry.gauge(
            "kubeipvs_dry_run_differences",
            "Objects that the kernel has otherwise than they are wanted, found twice in a row; only of `run --dry-run`",
            labels: ["part"]
        )
    }

    func note(_ new: KernelDifferences) {
        for kind in RehearsedChange.Kind.allCases where kind.counts {
            differences.set(new.count(kind), kind.label)
        }
    }
}

extension RehearsedChange.Kind {
    /// As metrics and status name it.
    package var label: String {
        switch self {
        case .setting: "setting"
        case .link: "link"
        case .set: "set"
        case .setEntry: "set_entry"
        case .rule, .ruleInput: "rule"
        case .virtualServer: "virtual_server"
        case .realServer: "real_server"
        case .address: "address"
        case .route: "route"
        }
    }
}
