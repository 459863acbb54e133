// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import HTTPSurfaces
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import ServiceLifecycle
import ServicePlan
import Subprocess
import SystemTesting
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// The daemon's servers as `curl` sees them.
struct SurfacesOverHTTPTests {
    /// What `curl` prints: the head, an empty line and the body; `nil` when it gets no answer.
    private static func curl(_ arguments: String...) async throws -> String? {
        let result = try await Subprocess.run(
            .name("curl"),
            arguments: Arguments(["--silent", "--include", "--max-time", "10"] + arguments),
            output: .string(limit: 1 << 20),
            error: .discarded
        )
        return result.terminationStatus.isSuccess ? result.standardOutput : nil
    }

    /// Runs the servers that a configuration asks for.
    private static func serving(
        _ body: @Sendable @escaping (_ health: UInt16, _ metrics: UInt16, NodeSurfaces) async throws -> Void
    ) async throws {
        let (health, metrics) = (try freePort(), try freePort())
        let loaded = try KubeProxyFlags.parse([
            "--healthz-bind-address=127.0.0.1:\(health)", "--metrics-bind-address=127.0.0.1:\(metrics)",
            "--profiling=true",
        ]).load(file: nil, hostname: "here")
        let surfaces = NodeSurfaces(
            settings: loaded.settings,
            families: [.v4],
            start: StartFacts(version: "0.1.0", loaded.configuration, flags: loaded.flags),
            metrics: ProxyMetrics(families: [.v4], build: BuildFacts(version: "0.1.0")),
            needsNode: false,
            logger: RunningProxy.logger
        )
        try await withThrowingDiscardingTaskGroup { group in
            for service in surfaces.services {
                group.addTask { try await service.run() }
            }
            defer { group.cancelAll() }
            try await eventually("the metrics server answers") {
                try await curl("http://127.0.0.1:\(metrics)/healthz") != nil
            }
            try await eventually("the health server answers") {
                try await curl("http://127.0.0.1:\(health)/livez") != nil
            }
            try await body(health, metrics, surfaces)
        }
    }

    @Test func `the mode, whole`() async throws {
        try await Self.serving { _, metrics, _ in
            let answer = try await Self.curl("http://127.0.0.1:\(metrics)/proxyMode")
            #expect(
                answer == """
                    HTTP/1.1 200 OK\r
                    Content-Type: text/plain; charset=utf-8\r
                    X-Content-Type-Options: nosniff\r
                    Content-Length: 4\r
                    \r
                    ipvs
                    """
            )
        }
    }

    @Test func `health follows the passes`() async throws {
        try await Self.serving { health, _, surfaces in
            let before = try #require(try await Self.curl("http://127.0.0.1:\(health)/healthz"))
            #expect(before.hasPrefix("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"))
            surfaces.health.notePassStarted(.v4, at: .now)
            surfaces.health.notePassEnded(.v4, succeeded: true, at: .now)
            let after = try #require(try await Self.curl("http://127.0.0.1:\(health)/healthz"))
            #expect(after.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(after.hasSuffix(#""healthy":true}}}"#))
            #expect(try await Self.curl("http://127.0.0.1:\(health)/metrics")?.hasPrefix("HTTP/1.1 404 ") == true)
        }
    }

    @Test func `metrics can be read and nothing can be written`() async throws {
        try await Self.serving { _, metrics, _ in
            let url = "http://127.0.0.1:\(metrics)/metrics"
            let answer = try #require(try await Self.curl(url))
            #expect(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(answer.contains("\nprocess_open_fds "))
            let head = try #require(try await Self.curl("--head", url))
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
            #expect(try await Self.curl("--request", "PUT", "--data", "x", url)?.hasPrefix("HTTP/1.1 405 ") == true)
        }
    }

    @Test func `the verbosity of the log is set by PUT`() async throws {
        try await Self.serving { _, metrics, _ in
            let url = "http://127.0.0.1:\(metrics)/debug/flags/v"
            let answer = try await Self.curl("--request", "PUT", "--data", "3", url)
            #expect(answer?.hasSuffix("\r\n\r\nsuccessfully set klog.logging.verbosity to 3") == true)
            #expect(try await Self.curl("http://127.0.0.1:\(metrics)/flagz")?.contains("\nv=3\n") == true)
            #expect(try await Self.curl(url)?.hasPrefix("HTTP/1.1 406 ") == true)
        }
    }

    @Test func `a health-check node port opens, moves and closes with its Service`() async throws {
        let (first, second) = (try freePort(), try freePort())
        try await RunningProxy.run(arguments: ["--ipvs-min-sync-period=0s"]) { node in
            await node.begin([
                .service(Sample.service("web", healthCheckNodePort: first)), .slice(Sample.slice("web", endpoints: 3)),
            ])
            try await eventually("the port answers as kube-proxy does") {
                try await Self.curl("http://127.0.0.1:\(first)/anything") == """
                    HTTP/1.1 200 OK\r
                    Content-Type: application/json\r
                    X-Content-Type-Options: nosniff\r
                    X-Load-Balancing-Endpoint-Weight: 3\r
                    Content-Length: 111\r
                    \r
                    {
                    \t"service": {
                    \t\t"namespace": "shop",
                    \t\t"name": "web"
                    \t},
                    \t"localEndpoints": 3,
                    \t"serviceProxyHealthy": true
                    }
                    """
            }

            await node.proxy.apply([.slice(Sample.slice("web", endpoints: 0))])
            try await eventually("no endpoint is here") {
                let answer = try await Self.curl("http://127.0.0.1:\(first)/")
                return answer?.hasPrefix("HTTP/1.1 503 ") == true
                    && answer?.contains("\"localEndpoints\": 0") == true
            }

            await node.proxy.apply([.service(Sample.service("web", healthCheckNodePort: second))])
            try await eventually("the second port answers") {
                try await Self.curl("http://127.0.0.1:\(second)/") != nil
            }
            #expect(try await Self.curl("http://127.0.0.1:\(first)/") == nil)

            await node.proxy.apply([.serviceRemoved(Sample.service("web").name)])
            try await eventually("the second port is closed") {
                try await Self.curl("http://127.0.0.1:\(second)/") == nil
            }
        }
    }

    @Test func `health-check node ports listen where node ports are served`() async throws {
        let port = try freePort()
        let arguments = ["--ipvs-min-sync-period=0s", "--nodeport-addresses=192.0.2.0/24"]
        try await RunningProxy.run(arguments: arguments) { node in
            await node.begin([
                .service(Sample.service("web", healthCheckNodePort: port)), .slice(Sample.slice("web")),
            ])
            try await eventually("the node is healthy") { node.health.isHealthy }
            // 192.0.2.1 is no address of the machine that runs this, so nothing can be open, least of all everywhere.
            try await Task.sleep(for: .milliseconds(100))
            #expect(node.healthCheckPorts.open.isEmpty)
            #expect(try await Self.curl("http://127.0.0.1:\(port)/") == nil)
        }
    }
}
