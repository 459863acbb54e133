// SPDX-License-Identifier: GPL-2.0-or-later
import Telemetry

/// How many metrics there are (`metrics/registry.go` of k8s.io/component-base). Nothing is hidden or disabled here.
struct RegistrationMetrics: Sendable {
    private let registry: MetricRegistry
    private let registered: Counter

    init(_ registry: MetricRegistry) {
        self.registry = registry
        registered = registry.counter(
            "registered_metrics_total",
            "[BETA] The count of registered metrics broken by stability level and deprecation version.",
            labels: ["stability_level", "deprecated_version"]
        )
        _ = registry.counter("hidden_metrics_total", "[BETA] The count of hidden metrics.")
        _ = registry.counter("disabled_metrics_total", "[BETA] The count of disabled metrics.")
    }

    /// Counts those whose help text says how stable they are, as those of Kubernetes do.
    func refresh() {
        var counts: [[String]: Double] = [:]
        for level in ["ALPHA", "BETA", "STABLE"] {
            let count = registry.families.count { $0.help.hasPrefix("[\(level)] ") }
            if count > 0 { counts[[level, ""]] = Double(count) }
        }
        registered.replaceAll(counts)
    }
}
