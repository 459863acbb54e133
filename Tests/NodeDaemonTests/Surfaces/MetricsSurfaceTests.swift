// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import HTTPSurfaces
import InMemoryLogging
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import Logging
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

struct MetricsSurfaceTests {
    private func surface(
        _ gates: FeatureGates = FeatureGates(),
        isProfiled: Bool = false,
        verbosity: LogVerbosity = LogVerbosity(2)
    ) -> MetricsSurface {
        MetricsSurface(
            metrics: ProxyMetrics(families: [.v4], build: BuildFacts(version: "0.1.0")),
            facts: StartFacts(
                version: "0.1.0", KubeProxyConfiguration(), flags: ["v": "0", "config": "/a/b"], verbosity: verbosity),
            gates: gates,
            isProfiled: isProfiled
        )
    }

    private func ask(_ path: String) -> HTTPAnswer {
        surface().answer(HTTPQuestion(path: path))
    }

    @Test func `the mode is a word without a line break`() {
        let answer = ask("/proxyMode")
        #expect(answer.code == 200)
        #expect(answer.body == "ipvs")
        #expect(answer.contentType == "text/plain; charset=utf-8")
        #expect(answer.headers == [.noSniffing])
    }

    @Test func `healthz is a ping`() {
        #expect(ask("/healthz").body == "ok")
    }

    @Test func `configz is the configuration under its group`() {
        let answer = ask("/configz")
        #expect(answer.contentType == "application/json")
        #expect(answer.body == KubeProxyConfiguration().configz)
    }

    @Test func `metrics are in Prometheus' format`() {
        let answer = ask("/metrics")
        #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.body.contains("\n# TYPE kubeproxy_network_programming_duration_seconds histogram\n") == false)
        #expect(answer.body.contains("\nkubeproxy_sync_proxy_rules_service_changes_total 0\n"))
    }

    @Test func `flagz shows the flags in order`() {
        let answer = ask("/flagz")
        #expect(answer.body.hasPrefix("\nkube-proxy flagz\nWarning: "))
        #expect(answer.body.hasSuffix(" debugging purposes only.\n\nconfig=/a/b\nv=2\n"))
    }

    @Test func `statusz shows how long the daemon runs`() {
        let surface = surface()
        let later = surface.start.advanced(by: .seconds(3 * 3600 + 5 * 60 + 7))
        let page = surface.statusPage(at: later)
        #expect(page.hasPrefix("\nkube-proxy statusz\nWarning: "))
        #expect(page.contains("\nUp: 3 hr 05 min 07 sec\nBinary version: 0.1.0\n"))
        #expect(page.contains("\nStarted: \(surface.start.microTime)\n"))
    }

    @Test func `feature gates take pages away`() {
        var gates = FeatureGates()
        gates.componentFlagz = false
        gates.componentStatusz = false
        let surface = surface(gates)
        #expect(surface.answer(HTTPQuestion(path: "/flagz")).code == 404)
        #expect(surface.answer(HTTPQuestion(path: "/statusz")).code == 404)
    }

    @Test func `metrics/slis shows what healthz has answered`() {
        let surface = surface()
        #expect(surface.answer(HTTPQuestion(path: "/metrics/slis")).body == "")
        for _ in 0..<2 { _ = surface.answer(HTTPQuestion(path: "/healthz")) }
        let answer = surface.answer(HTTPQuestion(path: "/metrics/slis"))
        #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            answer.body == """
                # HELP kubernetes_healthcheck [STABLE] This metric records the result of a single healthcheck.
                # TYPE kubernetes_healthcheck gauge
                kubernetes_healthcheck{name="ping",type="healthz"} 1
                # HELP kubernetes_healthchecks_total [STABLE] This metric records the results of all healthcheck.
                # TYPE kubernetes_healthchecks_total counter
                kubernetes_healthchecks_total{name="ping",type="healthz",status="success"} 2

                """)
    }

    @Test func `the verbosity of the log can be set while the daemon runs, where profiling is on`() {
        let verbosity = LogVerbosity(0)
        let surface = surface(isProfiled: true, verbosity: verbosity)
        #expect(surface.writablePaths == ["/debug/flags/v"])
        func put(_ text: String?) -> HTTPAnswer { surface.answer(HTTPQuestion(path: "/debug/flags/v", put: text)) }
        #expect(put("4") == .text("successfully set klog.logging.verbosity to 4"))
        #expect(verbosity.value == 4)
        #expect(surface.answer(HTTPQuestion(path: "/flagz")).body.hasSuffix("\nv=4\n"))
        for wrong in ["", "-1", "four", "99999999999"] {
            let answer = put(wrong)
            #expect(answer.code == 500)
            #expect(answer.body.hasPrefix("failed set klog.logging.verbosity \(wrong): "))
        }
        #expect(verbosity.value == 4)
        #expect(put(nil).code == 406)
        #expect(self.surface().writablePaths == [])
    }

    @Test func `a logger follows the verbosity of the moment`() {
        let lines = InMemoryLogHandler()
        let verbosity = LogVerbosity(0)
        var logger = Logger(label: "test") { _ in AdjustableLogHandler(lines, verbosity) }
        logger[metadataKey: "node"] = "n"
        logger.debug("one")
        verbosity.value = 2
        logger.debug("two")
        logger.trace("three")
        verbosity.value = 4
        logger.trace("four")
        #expect(lines.entries.map { "\($0.message)" } == ["two", "four"])
        #expect(lines.entries.allSatisfy { $0.metadata["node"] == "n" })
    }

    @Test func `who asks for a Go profile is told that there is none`() {
        let answer = surface(isProfiled: true).answer(HTTPQuestion(path: "/debug/pprof/heap"))
        #expect(answer.code == 404)
        #expect(answer.body.contains("no Go profiles"))
    }

    @Test(arguments: ["/", "/metrics/", "/livez", "/debug/pprof/", "/debug/flags/v", "//metrics"])
    func `other paths are not there`(path: String) {
        #expect(ask(path).code == 404)
        #expect(ask(path).body == "404 page not found\n")
    }

    @Test func `a health-check node port answers as kube-proxy does`() {
        let name = ObjectName(namespace: "shop", name: "web")
        let answer = HealthCheckPorts.answer(name, 2, isHealthy: true)
        #expect(answer.code == 200)
        #expect(answer.contentType == "application/json")
        #expect(answer.headers == [.noSniffing, .init("X-Load-Balancing-Endpoint-Weight", "2")])
        #expect(
            answer.body
                == "{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n"
                + "\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}"
        )
        #expect(HealthCheckPorts.answer(name, 0, isHealthy: true).code == 503)
        #expect(HealthCheckPorts.answer(name, 2, isHealthy: false).code == 503)
        #expect(HealthCheckPorts.answer(name, 2, isHealthy: false).body.hasSuffix("\"serviceProxyHealthy\": false\n}"))
    }
}
