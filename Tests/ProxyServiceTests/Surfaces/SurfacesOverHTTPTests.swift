import Addressing
import ArgumentParser
import HTTPSurfaces
import KubeProxyConfig
import KubernetesObjects
import ServiceLifecycle
import ServicePlan
import Subprocess
import Testing

@testable import ProxyService

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

    /// A port that was free a moment ago. Not one that clients get for their own end: those come and go.
    private static func freePort() async throws -> UInt16 {
        while true {
            let address = ListenAddress(address: IPAddress(v4: 0), port: .random(in: 12_000..<32_000))
            guard let listener = try? await HTTPListener.open(on: address, responder: { _ in .notFound }) else {
                continue
            }
            async let serving: Void = listener.serve()
            await listener.close()
            await serving
            return listener.port
        }
    }

    /// Runs the servers that a configuration asks for.
    private static func serving(
        _ body: @Sendable @escaping (_ health: UInt16, _ metrics: UInt16, NodeSurfaces) async throws -> Void
    ) async throws {
        let (health, metrics) = (try await freePort(), try await freePort())
        let loaded = try KubeProxyFlags.parse([
            "--healthz-bind-address=127.0.0.1:\(health)", "--metrics-bind-address=127.0.0.1:\(metrics)",
        ]).load(file: nil, hostname: "here")
        let surfaces = NodeSurfaces(
            settings: loaded.settings,
            families: [.v4],
            start: StartFacts(version: "0.1.0", loaded.configuration),
            needsNode: false,
            logger: RunningProxy.logger
        )
        try await withThrowingDiscardingTaskGroup { group in
            for service in surfaces.services {
                group.addTask { try await service.run() }
            }
            defer { group.cancelAll() }
            try await expectEventually { try await curl("http://127.0.0.1:\(metrics)/healthz") != nil }
            try await expectEventually { try await curl("http://127.0.0.1:\(health)/livez") != nil }
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

    @Test func `a health-check node port opens, moves and closes with its Service`() async throws {
        let (first, second) = (try await Self.freePort(), try await Self.freePort())
        try await RunningProxy.run(arguments: ["--ipvs-min-sync-period=0s"]) { node in
            await node.begin([
                .service(Sample.service("web", healthCheckNodePort: first)), .slice(Sample.slice("web", endpoints: 3)),
            ])
            try await expectEventually {
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
            try await expectEventually {
                let answer = try await Self.curl("http://127.0.0.1:\(first)/")
                return answer?.hasPrefix("HTTP/1.1 503 ") == true
                    && answer?.contains("\"localEndpoints\": 0") == true
            }

            await node.proxy.apply([.service(Sample.service("web", healthCheckNodePort: second))])
            try await expectEventually { try await Self.curl("http://127.0.0.1:\(second)/") != nil }
            #expect(try await Self.curl("http://127.0.0.1:\(first)/") == nil)

            await node.proxy.apply([.serviceRemoved(Sample.service("web").name)])
            try await expectEventually { try await Self.curl("http://127.0.0.1:\(second)/") == nil }
        }
    }

    @Test func `health-check node ports listen where node ports are served`() async throws {
        let port = try await Self.freePort()
        let arguments = ["--ipvs-min-sync-period=0s", "--nodeport-addresses=192.0.2.0/24"]
        try await RunningProxy.run(arguments: arguments) { node in
            await node.begin([
                .service(Sample.service("web", healthCheckNodePort: port)), .slice(Sample.slice("web")),
            ])
            try await expectEventually { node.health.isHealthy }
            // 192.0.2.1 is no address of the machine that runs this, so nothing can be open, least of all everywhere.
            try await Task.sleep(for: .milliseconds(100))
            #expect(node.healthCheckPorts.open.isEmpty)
            #expect(try await Self.curl("http://127.0.0.1:\(port)/") == nil)
        }
    }
}
