// SPDX-License-Identifier: GPL-2.0-or-later
import Telemetry

/// Results of health checks as `/metrics/slis` shows them (`metrics/prometheus/slis` of k8s.io/component-base), apart from the
/// other metrics: they are to be scraped often and cheaply.
package struct ServiceLevelIndicators: Sendable {
    package enum Check: String, Sendable {
        case healthz
        case livez
    }

    private let registry: MetricRegistry
    private let last: Gauge
    private let all: Counter

    init() {
        registry = MetricRegistry()
        last = registry.gauge(
            "kubernetes_healthcheck",
            "[STABLE] This metric records the result of a single healthcheck.",
            labels: ["name", "type"]
        )
        all = registry.counter(
            "kubernetes_healthchecks_total",
            "[STABLE] This metric records the results of all healthcheck.",
            labels: ["name", "type", "status"]
        )
    }

    package func note(_ name: String, _ check: Check, isHealthy: Bool) {
        last.set(isHealthy ? 1 : 0, name, check.rawValue)
        all.increment(name, check.rawValue, isHealthy ? "success" : "error")
    }

    var families: [MetricFamily] { registry.families }
    package var text: String { registry.text }
}
