import Addressing
import KubernetesHTTP
import ServicePlan
import Telemetry
import Testing

@testable import ProxyService

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
        var kind: Family.Kind
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
