// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import KubernetesHTTP
import ServicePlan
import Telemetry

/// The metrics that kube-proxy 1.36 has in IPVS mode: same names, types, labels, buckets and help texts
/// (`pkg/proxy/metrics/metrics.go`, `pkg/proxy/conntrack/reconciler.go`).
public struct KubeProxyMetrics: Sendable {
    private let passDuration: Histogram
    private let lastPass: Gauge
    private let lastQueued: Gauge
    private let endpointChangesPending: Gauge
    private let endpointChanges: Counter
    private let serviceChangesPending: Gauge
    private let serviceChanges: Counter
    private let noLocalEndpoints: Gauge
    private let restoreFailures: Counter
    private let programmingDuration: Histogram
    private let conntrackDuration: Histogram
    private let conntrackDeleted: Counter
    private let healthAnswers: Counter
    private let livenessAnswers: Counter

    private let families: [IPFamily]

    init(_ registry: MetricRegistry, _ families: [IPFamily]) {
        self.families = families
        // As component-base prints the stability of a metric.
        func alpha(_ help: String) -> String { "[ALPHA] \(help)" }
        let passBounds = [Double].exponential(from: 0.001, factor: 2, count: 15)
        passDuration = registry.histogram(
            "kubeproxy_sync_proxy_rules_duration_seconds",
            alpha("SyncProxyRules latency in seconds"), labels: ["ip_family"], bounds: passBounds
        )
        lastPass = registry.gauge(
            "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
            alpha("The last time proxy rules were successfully synced"), labels: ["ip_family"]
        )
        lastQueued = registry.gauge(
            "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
            alpha("The last time a sync of proxy rules was queued"), labels: ["ip_family"]
        )
        endpointChangesPending = registry.gauge(
            "kubeproxy_sync_proxy_rules_endpoint_changes_pending", alpha("Pending proxy rules Endpoint changes")
        )
        endpointChanges = registry.counter(
            "kubeproxy_sync_proxy_rules_endpoint_changes_total", alpha("Cumulative proxy rules Endpoint changes")
        )
        serviceChangesPending = registry.gauge(
            "kubeproxy_sync_proxy_rules_service_changes_pending", alpha("Pending proxy rules Service changes")
        )
        serviceChanges = registry.counter(
            "kubeproxy_sync_proxy_rules_service_changes_total", alpha("Cumulative proxy rules Service changes")
        )
        noLocalEndpoints = registry.gauge(
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
            alpha("Number of services with a Local traffic policy and no endpoints"),
            labels: ["traffic_policy", "ip_family"]
        )
        restoreFailures = registry.counter(
            "kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
            alpha("Cumulative proxy iptables restore failures"), labels: ["ip_family"]
        )
        programmingDuration = registry.histogram(
            "kubeproxy_network_programming_duration_seconds",
            alpha("In Cluster Network Programming Latency in seconds"), labels: ["ip_family"],
            bounds: [0.25, 0.5] + .linear(from: 1, step: 1, count: 59) + .linear(from: 60, step: 5, count: 12)
                + .linear(from: 120, step: 30, count: 7)
        )
        conntrackDuration = registry.histogram(
            "kubeproxy_conntrack_reconciler_sync_duration_seconds",
            alpha("ReconcileConntrackFlowsLatency latency in seconds"), labels: ["ip_family"], bounds: passBounds
        )
        conntrackDeleted = registry.counter(
            "kubeproxy_conntrack_reconciler_deleted_entries_total",
            alpha("Cumulative conntrack flows deleted by conntrack reconciler"), labels: ["ip_family"]
        )
        healthAnswers = registry.counter(
            "kubeproxy_proxy_healthz_total", alpha("Cumulative proxy healthz HTTP status"), labels: ["code"]
        )
        livenessAnswers = registry.counter(
            "kubeproxy_proxy_livez_total", alpha("Cumulative proxy livez HTTP status"), labels: ["code"]
        )
        beginAtZero()
    }

    /// So that an alert on an increase sees the first one.
    private func beginAtZero() {
        for family in families {
            restoreFailures.increment(by: 0, "\(family)")
            conntrackDeleted.increment(by: 0, "\(family)")
        }
    }

    /// Objects changed, and a pass over all families will bring that to the kernel.
    ///
    /// - Parameter pendingServices: the Services that changed and have not been planned since; slices likewise.
    func noteChanges(services: Int, pendingServices: Int, slices: Int, pendingSlices: Int) {
        // kube-proxy counts a change once in each family's proxier.
        serviceChanges.increment(by: services * families.count)
        endpointChanges.increment(by: slices * families.count)
        serviceChangesPending.set(pendingServices)
        endpointChangesPending.set(pendingSlices)
    }

    /// All that changed has been planned.
    func notePlanned() {
        serviceChangesPending.set(0)
        endpointChangesPending.set(0)
    }

    func noteQueued(_ family: IPFamily, at now: UnixTime) {
        lastQueued.set(now.seconds, "\(family)")
    }

    /// - Parameter isDone: whether the kernel now has what is wanted, but for single objects that it refuses.
    func notePass(_ family: IPFamily, took duration: Duration, isDone: Bool, at now: UnixTime) {
        passDuration.observe(duration, "\(family)")
        if isDone {
            lastPass.set(now.seconds, "\(family)")
        }
    }

    func noteRulesFailure(_ family: IPFamily) {
        restoreFailures.increment("\(family)")
    }

    /// The time from a change of endpoints, as the cluster has it, to the pass that brought it to the kernel.
    func noteProgrammed(_ family: IPFamily, after duration: Duration) {
        programmingDuration.observe(duration, "\(family)")
    }

    func noteNoLocalEndpoints(_ count: Int, _ policy: ServiceStatusTable.TrafficPolicyKind, _ family: IPFamily) {
        noLocalEndpoints.set(count, policy.rawValue, "\(family)")
    }

    /// Connections to endpoints that are gone have been looked for in the kernel's connection tracking.
    ///
    /// - Parameters:
    ///   - duration: how long looking and deleting took.
    ///   - deleted: connections that were deleted.
    public func noteConntrackSweep(_ family: IPFamily, took duration: Duration, deleted: Int) {
        conntrackDuration.observe(duration, "\(family)")
        conntrackDeleted.increment(by: deleted, "\(family)")
    }

    package func noteHealthAnswer(code: Int) {
        healthAnswers.increment("\(code)")
    }

    package func noteLivenessAnswer(code: Int) {
        livenessAnswers.increment("\(code)")
    }
}

extension UnixTime {
    /// As Prometheus has time.
    var seconds: Double { Double(microseconds) / 1_000_000 }
}
