// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesHTTP
import KubernetesObjects
import KubernetesWatch
import Reconcile
import ServicePlan
import Subprocess
import Telemetry
import Testing

@testable import ProxyTelemetry

/// Prometheus' own reader on everything that can be written. Without `promtool` (Debian: prometheus) this fails.
struct PromtoolTests {
    /// Metrics in which every series has a value that something really recorded.
    private static var filled: ProxyMetrics {
        let metrics = ProxyMetrics(families: IPFamily.allCases, build: BuildFacts(version: "0.1.0"))
        for family in IPFamily.allCases {
            let kubeProxy = metrics.kubeProxy
            kubeProxy.noteChanges(services: 3, pendingServices: 2, slices: 5, pendingSlices: 4)
            kubeProxy.noteQueued(family, at: .current)
            kubeProxy.notePass(family, took: .milliseconds(12), isDone: true, at: .current)
            kubeProxy.noteRulesFailure(family)
            kubeProxy.noteProgrammed(family, after: .milliseconds(700))
            kubeProxy.noteConntrackSweep(family, took: .microseconds(80), deleted: 7)
            for policy in ServiceStatusTable.TrafficPolicyKind.allCases {
                kubeProxy.noteNoLocalEndpoints(1, policy, family)
            }
            for omission in PlanOmission.allCases {
                metrics.objects.noteOmissions(1, omission, family)
            }
            var report = PassReport(family: family, mode: .verify)
            report.applied = [.virtualServer: 3]
            report.drift = [.setEntry: 1]
            report.failures = [DataplaneError(part: .rules, number: 4, explanation: "no iptables")]
            report.refusals = [
                Refusal(
                    kind: .realServer, attempt: "add", error: DataplaneError(part: .ipvs, number: 22, explanation: ""))
            ]
            metrics.passes.note(report)
            let set = FamilySizes.SetSize(name: "KUBE-CLUSTER-IP", members: 3, capacity: 65_536)
            metrics.passes.noteSizes(family, FamilySizes(virtualServers: 1, realServers: 2, sets: [set]))
            let id = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 80, transport: .tcp)
            let sample = TrafficMetrics.Sample(id: id, servicePort: "shop/web:http", statistics: TrafficStatistics())
            metrics.traffic.replace(family, family == .v4 ? [sample] : [], hiddenCount: 3)
        }
        let setting = KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way")
        metrics.settings.note([setting], degraded: [setting])
        let name = ObjectName(namespace: "shop", name: "web")
        metrics.objects.note([
            Rejection(kind: "Service", object: name, field: "f", reason: .invalidPort, explanation: "")
        ])
        metrics.api.note(.watching(after: ResourceVersion(rawValue: "1")), of: "services")
        metrics.api.note(.failed(.malformed("m"), isListing: false, delay: .zero), of: "services")
        for stage in [
            RequestObservation.Stage.unanswered, .answered(code: 200),
            .done(duration: .milliseconds(7), sent: 10, received: 1000),
        ] {
            metrics.client.note(RequestObservation(method: "POST", host: "[fd00::1]:6443", stage: stage))
        }
        metrics.dryRun.note(KernelDifferences())
        metrics.indicators.note("ping", .healthz, isHealthy: true)
        metrics.kubeProxy.noteHealthAnswer(code: 200)
        metrics.kubeProxy.noteLivenessAnswer(code: 503)
        return metrics
    }

    @Test func `promtool reads all metrics, and has nothing to say against ours`() async throws {
        let metrics = Self.filled
        let text = metrics.text() + metrics.indicators.text
        // Otherwise a metric that nobody fills here would go unread.
        for family in metrics.registry.families {
            #expect(text.contains("# TYPE \(family.name) "))
        }
        let result = try await run(
            .name("promtool"),
            arguments: ["check", "metrics"],
            input: .string(text),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        // A name that kube-proxy has chosen, and that nobody may change.
        let known =
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total non-counter metrics should not have \"_total\" suffix"
        #expect(result.standardError.split(separator: "\n").map(String.init) == [known])
        // 3 is "linted", 1 "could not be read".
        #expect(result.terminationStatus == .exited(3))
    }
}
