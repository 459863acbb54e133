import Addressing
import HTTPSurfaces
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import Testing

@testable import ProxyService

struct MetricsSurfaceTests {
    private func surface(_ gates: FeatureGates = FeatureGates()) -> MetricsSurface {
        MetricsSurface(
            metrics: ProxyMetrics(families: [.v4], build: BuildFacts(version: "0.1.0")),
            facts: StartFacts(version: "0.1.0", KubeProxyConfiguration(), flags: ["v": "2", "config": "/a/b"]),
            gates: gates
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
