// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesWatch
import Telemetry

/// How following the API server goes.
public struct APIMetrics: Sendable {
    private let watching: Gauge
    private let restarts: Counter
    private let failures: Counter

    init(_ registry: MetricRegistry) {
        watching = registry.gauge(
            "kubeipvs_api_watch_state",
            "1 while the resource is watched, 0 while it is listed, connected to or waited for",
            labels: ["resource"]
        )
        restarts = registry.counter(
            "kubeipvs_api_watch_restarts_total",
            "Watches that ended or broke, and were to be taken up again",
            labels: ["resource"]
        )
        failures = registry.counter(
            "kubeipvs_api_failures_total",
            "Lists and watches that failed",
            labels: ["resource", "reason"]
        )
    }

    /// - Parameter resource: such as `services`; from a bounded set.
    public func note(_ event: ReflectorEvent, of resource: String) {
        switch event {
        case .listed:
            watching.set(0, resource)
            restarts.increment(by: 0, resource)
        case .watching:
            watching.set(1, resource)
        case .watchEnded:
            watching.set(0, resource)
            restarts.increment(resource)
        case .failed(let error, let isListing, _):
            watching.set(0, resource)
            restarts.increment(by: isListing ? 0 : 1, resource)
            failures.increment(resource, error.label)
        }
    }
}
