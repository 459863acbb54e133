// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesHTTP
import ServicePlan
import Telemetry
import Testing

@testable import ProxyTelemetry

/// The metrics of kube-proxy 1.36 in IPVS mode (`pkg/proxy/metrics/metrics.go`), as a scrape of it shows them. Dashboards and
/// alerts are written for these.
struct MetricContractTests {
    private static let seconds: [Double] = [
        0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
    ]
    private static let programmingSeconds: [Double] =
        [0.25, 0.5] + (1...59).map(Double.init) + stride(from: 60.0, through: 115, by: 5)
        + stride(from: 120.0, through: 300, by: 30)

    private struct Promise: Hashable {
        var name: String
        var kind: MetricFamily.Kind
        var labels: Set<String>
        var bounds: [Double] = []
    }

    private static let promised: Set<Promise> = [
        Promise(name: "sync_proxy_rules_duration_seconds", kind: .histogram, labels: ["ip_family"], bounds: seconds),
        Promise(name: "sync_proxy_rules_last_timestamp_seconds", kind: .gauge, labels: ["ip_family"]),
        Promise(name: "sync_proxy_rules_last_queued_timestamp_seconds", kind: .gauge, labels: ["ip_family"]),
        Promise(name: "sync_proxy_rules_endpoint_changes_pending", kind: .gauge, labels: []),
        Promise(name: "sync_proxy_rules_endpoint_changes_total", kind: .counter, labels: []),
        Promise(name: "sync_proxy_rules_service_changes_pending", kind: .gauge, labels: []),
        Promise(name: "sync_proxy_rules_service_changes_total", kind: .counter, labels: []),
        Promise(
            name: "sync_proxy_rules_no_local_endpoints_total", kind: .gauge, labels: ["traffic_policy", "ip_family"]),
        Promise(name: "sync_proxy_rules_iptables_restore_failures_total", kind: .counter, labels: ["ip_family"]),
        Promise(
            name: "network_programming_duration_seconds", kind: .histogram, labels: ["ip_family"],
            bounds: programmingSeconds),
        Promise(
            name: "conntrack_reconciler_sync_duration_seconds", kind: .histogram, labels: ["ip_family"],
            bounds: seconds),
        Promise(name: "conntrack_reconciler_deleted_entries_total", kind: .counter, labels: ["ip_family"]),
        Promise(name: "proxy_healthz_total", kind: .counter, labels: ["code"]),
        Promise(name: "proxy_livez_total", kind: .counter, labels: ["code"]),
    ]

    private let metrics = ProxyMetrics(families: [.v4, .v6], build: BuildFacts(version: "0.1.0"))

    @Test func `kube-proxy's metrics are all there, with its types, labels and buckets, and no other`() {
        let prefix = "kubeproxy_"
        let defined = Set(
            metrics.registry.families.filter { $0.name.hasPrefix(prefix) }.map {
                Promise(
                    name: String($0.name.dropFirst(prefix.count)),
                    kind: $0.kind,
                    labels: Set($0.labelNames),
                    bounds: $0.bounds
                )
            })
        #expect(defined.subtracting(Self.promised) == [])
        #expect(Self.promised.subtracting(defined) == [])
    }

    private static let clientSeconds: [Double] = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
    private static let clientBytes: [Double] = [
        64, 256, 512, 1024, 4096, 16384, 65536, 262_144, 1_048_576, 4_194_304, 16_777_216,
    ]

    /// Those that every component of Kubernetes has (k8s.io/component-base).
    private static let generic: Set<Promise> = [
        Promise(name: "rest_client_requests_total", kind: .counter, labels: ["code", "method", "host"]),
        Promise(
            name: "rest_client_request_duration_seconds", kind: .histogram, labels: ["verb", "host"],
            bounds: clientSeconds),
        Promise(
            name: "rest_client_request_size_bytes", kind: .histogram, labels: ["verb", "host"], bounds: clientBytes),
        Promise(
            name: "rest_client_response_size_bytes", kind: .histogram, labels: ["verb", "host"], bounds: clientBytes),
        Promise(name: "kubernetes_feature_enabled", kind: .gauge, labels: ["name", "stage"]),
        Promise(name: "registered_metrics_total", kind: .counter, labels: ["stability_level", "deprecated_version"]),
        Promise(name: "hidden_metrics_total", kind: .counter, labels: []),
        Promise(name: "disabled_metrics_total", kind: .counter, labels: []),
        Promise(name: "process_cpu_seconds_total", kind: .counter, labels: []),
        Promise(name: "process_start_time_seconds", kind: .gauge, labels: []),
        Promise(name: "process_resident_memory_bytes", kind: .gauge, labels: []),
        Promise(name: "process_virtual_memory_bytes", kind: .gauge, labels: []),
        Promise(name: "process_virtual_memory_max_bytes", kind: .gauge, labels: []),
        Promise(name: "process_open_fds", kind: .gauge, labels: []),
        Promise(name: "process_max_fds", kind: .gauge, labels: []),
    ]

    @Test func `the families of every component are there, and none besides that is not our own`() {
        let defined = Set(
            metrics.registry.families.filter { !$0.name.hasPrefix("kubeproxy_") && !$0.name.hasPrefix("kubeipvs_") }
                .map { Promise(name: $0.name, kind: $0.kind, labels: Set($0.labelNames), bounds: $0.bounds) })
        #expect(defined.subtracting(Self.generic) == [])
        #expect(Self.generic.subtracting(defined) == [])
        let indicators: Set<Promise> = [
            Promise(name: "kubernetes_healthcheck", kind: .gauge, labels: ["name", "type"]),
            Promise(name: "kubernetes_healthchecks_total", kind: .counter, labels: ["name", "type", "status"]),
        ]
        #expect(
            Set(
                metrics.indicators.families.map {
                    Promise(name: $0.name, kind: $0.kind, labels: Set($0.labelNames), bounds: $0.bounds)
                }) == indicators)
    }

    /// kube-prometheus compares the versions of all `kubernetes_build_info`, whatever the job (its alert KubeVersionMismatch).
    @Test func `no version of Kubernetes is claimed`() {
        #expect(!metrics.text().contains("kubernetes_build_info"))
        #expect(metrics.text().contains("\nkubeipvs_build_info{version=\"0.1.0\""))
    }

    @Test func `requests to the API server are counted as client-go counts them`() {
        let host = "10.0.0.1:6443"
        func note(_ stage: RequestObservation.Stage) {
            metrics.client.note(RequestObservation(method: "GET", host: host, stage: stage))
        }
        note(.unanswered)
        note(.answered(code: 200))
        note(.done(duration: .milliseconds(30), sent: 0, received: 5000))
        let text = metrics.text()
        for line in [
            #"rest_client_requests_total{code="<error>",method="GET",host="10.0.0.1:6443"} 1"#,
            #"rest_client_requests_total{code="200",method="GET",host="10.0.0.1:6443"} 1"#,
            #"rest_client_request_duration_seconds_bucket{verb="GET",host="10.0.0.1:6443",le="0.025"} 0"#,
            #"rest_client_request_duration_seconds_bucket{verb="GET",host="10.0.0.1:6443",le="0.1"} 1"#,
            #"rest_client_response_size_bytes_sum{verb="GET",host="10.0.0.1:6443"} 5000"#,
            #"rest_client_request_size_bytes_bucket{verb="GET",host="10.0.0.1:6443",le="64"} 1"#,
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
    }

    @Test func `metrics are counted by how stable they are`() {
        let text = metrics.text()
        // kube-proxy's, and those of the client.
        #expect(
            text.contains(
                "\nregistered_metrics_total{stability_level=\"ALPHA\",deprecated_version=\"\"} "
                    + "\(Self.promised.count + 4)\n"))
        #expect(text.contains("\nhidden_metrics_total 0\n"))
    }

    @Test func `kube-proxy's metrics say that they are alpha`() {
        for family in metrics.registry.families where family.name.hasPrefix("kubeproxy_") {
            #expect(family.help.hasPrefix("[ALPHA] "))
        }
    }

    @Test func `families are written as kube-proxy writes them`() {
        metrics.kubeProxy.notePass(.v4, took: .milliseconds(3), isDone: true, at: .current)
        metrics.kubeProxy.noteNoLocalEndpoints(2, .internal, .v6)
        let text = metrics.text()
        #expect(
            text.contains("\nkubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.004\"} 1\n"))
        #expect(
            text.contains("\nkubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.002\"} 0\n"))
        #expect(
            text.contains(
                "\nkubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy=\"internal\",ip_family=\"IPv6\"} 2\n"
            ))
    }

    @Test func `the process tells of itself`() throws {
        func value(_ name: String) throws -> Double {
            let line = try #require(metrics.text().split(separator: "\n").first { $0.hasPrefix("\(name) ") })
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"))
        #expect(try value("process_virtual_memory_max_bytes") >= value("process_virtual_memory_bytes"))
        #expect(try value("process_cpu_seconds_total") >= 0)
        #expect(try value("process_open_fds") >= 3)
        #expect(try value("process_max_fds") >= value("process_open_fds"))
        // This process is younger than a day, and not from the future.
        let now = UnixTime.current.seconds
        #expect(try (now - 86_400...now + 1).contains(value("process_start_time_seconds")))
    }

    @Test func `the kernel's line about a process is read, whatever the process is called`() throws {
        let text =
            "77 (a) b) S 1 77 77 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 12345 987654321 2500 18446744073709551615 1"
        let status = try #require(ProcessStatus(text))
        #expect(status.processorTicks == 300)
        #expect(status.startTicks == 12345)
        #expect(status.virtualBytes == 987_654_321)
        #expect(status.residentPages == 2500)
        #expect(ProcessStatus("77 (short) S 1") == nil)
        #expect(ProcessStatus.bootTime("cpu 1 2\nbtime 1795248000\nprocesses 5\n") == 1_795_248_000)
    }
}
