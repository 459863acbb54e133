// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesHTTP
import KubernetesObjects
import KubernetesTesting
import ServicePlan
import SystemTesting
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// What the metrics and health say after the proxy has worked.
struct PassRecordingTests {
    @Test func `a complete pass`() async throws {
        try await RunningProxy.run { node in
            #expect(node.health.readiness.code == 503)
            await node.begin([.service(Sample.service("web")), .slice(Sample.slice("web"))])
            try await eventually("the node is ready") { node.health.readiness.code == 200 }
            #expect(node.value(#"kubeipvs_passes_total{ip_family="IPv4",mode="verify",result="complete"}"#) == 1)
            #expect(node.value(#"kubeipvs_virtual_servers{ip_family="IPv4"}"#) == 1)
            #expect(node.value(#"kubeipvs_real_servers{ip_family="IPv4"}"#) == 2)
            #expect(node.value(#"kubeipvs_set_entries{set="KUBE-CLUSTER-IP"}"#) == 1)
            #expect(node.value(#"kubeipvs_set_capacity{set="KUBE-CLUSTER-IP"}"#) == 65_536)
            #expect(node.value(#"kubeipvs_set_capacity{set="KUBE-NODE-PORT-TCP"}"#) == 65_536)
            #expect(node.value(#"kubeipvs_changes_applied_total{ip_family="IPv4",kind="real_server"}"#) == 2)
            #expect(node.value(#"kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"}"#) == 1)
            let queued = try #require(
                node.value(#"kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"}"#))
            let synced = try #require(
                node.value(#"kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}"#))
            #expect(queued <= synced && synced <= UnixTime.current.seconds && queued > 1_700_000_000)
        }
    }

    @Test func `changes are counted once for each family, and wait until they are planned`() async throws {
        try await RunningProxy.run(families: [.v4, .v6]) { node in
            await node.proxy.apply([.service(Sample.service("web")), .slice(Sample.slice("web"))])
            await node.proxy.apply([.slice(Sample.slice("web", endpoints: 3)), .slice(Sample.slice("other"))])
            #expect(node.value("kubeproxy_sync_proxy_rules_service_changes_pending") == 1)
            #expect(node.value("kubeproxy_sync_proxy_rules_endpoint_changes_pending") == 2)
            await node.begin([])
            try await eventually("the node is healthy") { node.health.isHealthy }
            #expect(node.value("kubeproxy_sync_proxy_rules_service_changes_total") == 2)
            #expect(node.value("kubeproxy_sync_proxy_rules_endpoint_changes_total") == 6)
            #expect(node.value("kubeproxy_sync_proxy_rules_service_changes_pending") == 0)
            #expect(node.value("kubeproxy_sync_proxy_rules_endpoint_changes_pending") == 0)
        }
    }

    @Test func `one object that the kernel refuses is counted and makes nobody unhealthy`() async throws {
        let (bad, good) = (Sample.service("bad", 1), Sample.service("good", 2))
        try await RunningProxy.run(brokenAddresses: Set(bad.clusterIPs)) { node in
            await node.begin([.service(bad), .service(good), .slice(Sample.slice("good"))])
            try await eventually("the node is healthy") { node.health.isHealthy }
            let series = #"kubeipvs_changes_refused_total{ip_family="IPv4",kind="virtual_server",reason="EINVAL"}"#
            #expect(node.value(series) ?? 0 >= 1)
            #expect(node.value(#"kubeipvs_passes_total{ip_family="IPv4",mode="verify",result="refused"}"#) ?? 0 >= 1)
            #expect(node.value(#"kubeipvs_passes_total{ip_family="IPv4",mode="verify",result="complete"}"#) == 0)
        }
    }

    @Test func `a broken family is counted and shown, and does not hold the other up`() async throws {
        let arguments = ["--ipvs-sync-period=200ms", "--ipvs-min-sync-period=0s"]
        try await RunningProxy.run(arguments: arguments, families: [.v4, .v6], brokenFamilies: [.v6]) { node in
            await node.begin([.service(Sample.service("web"))])
            let failures = #"kubeipvs_dataplane_failures_total{ip_family="IPv6",part="rules"}"#
            try await eventually("three passes have failed") { node.value(failures) ?? 0 >= 3 }
            let report = node.health.readiness
            #expect(report.code == 503)
            #expect(report.families[.v4]?.isHealthy == true)
            #expect(report.families[.v6]?.isHealthy == false)
            #expect(node.value(#"kubeipvs_dataplane_failures_total{ip_family="IPv4",part="rules"}"#) == 0)
            #expect(
                node.value(#"kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv6"}"#) ?? 0 >= 3)
            #expect(node.value(#"kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv6"}"#) == nil)

            // Passes that only carry changes out do not look at the rules: they must not pass for a cure.
            for number in 2..<20 as Range<UInt32> {
                await node.proxy.apply([.service(Sample.service("s\(number)", number))])
                try await Task.sleep(for: .milliseconds(10))
                #expect(node.health.readiness.families[.v6]?.isHealthy == false)
            }
        }
    }

    @Test func `a change of endpoints is timed from its trigger to the end of the pass`() async throws {
        try await RunningProxy.run(arguments: ["--ipvs-min-sync-period=0s"]) { node in
            let service = Sample.service("web")
            // Older than the daemon, so not its doing.
            let old = try #require(ChangeTrigger(Sample.slice("web"), time: "2026-03-01T12:00:00Z"))
            await node.proxy.apply([.service(service), .slice(Sample.slice("web"))], triggers: [old])
            await node.begin([])
            try await eventually("the node is healthy") { node.health.isHealthy }
            let count = #"kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"}"#
            #expect(node.value(count) == nil)

            let trigger = ChangeTrigger(service: service.name, family: .v4, time: .current)
            let other = ChangeTrigger(service: service.name, family: .v6, time: .current)
            await node.proxy.apply([.slice(Sample.slice("web", endpoints: 4))], triggers: [trigger, other])
            try await eventually("the change is counted") { node.value(count) == 1 }
            let sum = try #require(
                node.value(#"kubeproxy_network_programming_duration_seconds_sum{ip_family="IPv4"}"#))
            #expect((0..<10).contains(sum))
        }
    }

    @Test func `traffic is counted of as many virtual servers as were asked for`() async throws {
        let arguments = ["--ipvs-sync-period=100ms", "--ipvs-min-sync-period=0s"]
        try await RunningProxy.run(arguments: arguments, virtualServerCounters: 2) { node in
            await node.begin((1...5).map { .service(Sample.service("s\($0)", $0)) })
            let hidden = #"kubeipvs_virtual_servers_without_counters{ip_family="IPv4"}"#
            try await eventually("three are without counters") { node.value(hidden) == 3 }
            let labels = #"address="10.96.0.2",port="80",protocol="TCP",service_port="shop/s2:http""#
            #expect(node.value("kubeipvs_virtual_server_connections_total{\(labels)}") == 0)
            #expect(node.value("kubeipvs_virtual_server_bytes_total{\(labels),direction=\"out\"}") == 0)
            #expect(!node.metrics.text().contains("10.96.0.3"))
        }
    }

    @Test func `without being asked for there are no traffic counters`() async throws {
        try await RunningProxy.run { node in
            await node.begin([.service(Sample.service("web"))])
            try await eventually("the node is healthy") { node.health.isHealthy }
            #expect(!node.metrics.text().contains("kubeipvs_virtual_server_connections_total"))
        }
    }

    @Test func `services without local endpoints are counted`() async throws {
        try await RunningProxy.run { node in
            var service = Sample.service("web")
            service.internalTrafficPolicy = .local
            var slice = Sample.slice("web")
            slice.endpoints[0].nodeName = "there"
            slice.endpoints[1].nodeName = "there"
            await node.begin([.service(service), .slice(slice)])
            try await eventually("the node is healthy") { node.health.isHealthy }
            let series = "kubeproxy_sync_proxy_rules_no_local_endpoints_total"
            #expect(node.value("\(series){traffic_policy=\"internal\",ip_family=\"IPv4\"}") == 1)
            #expect(node.value("\(series){traffic_policy=\"external\",ip_family=\"IPv4\"}") == 0)
        }
    }
}
