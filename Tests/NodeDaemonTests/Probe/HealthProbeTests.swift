// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import Foundation
import KubeProxyConfig
import ServiceLifecycle
import Subprocess
import SystemTesting
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// `kube-ipvs healthy`, over real connections.
struct HealthProbeTests {
    private struct Answer: Equatable {
        var status: TerminationStatus
        var text: String
    }

    /// Runs the program itself, as a kubelet does.
    private static func healthy(_ arguments: String...) async throws -> Answer {
        let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "kube-ipvs")
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments([program.path(), "healthy"] + arguments),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16))
        return Answer(status: result.terminationStatus, text: result.standardOutput + result.standardError)
    }

    private static func settings(_ arguments: [String]) throws -> LoadedConfiguration {
        try KubeProxyFlags.parse(arguments).load(file: nil, hostname: "here")
    }

    /// Runs the daemon's servers as flags ask for them, until `body` ends.
    private static func serving(
        _ arguments: [String],
        _ body: @Sendable @escaping (HealthBoard) async throws -> Void
    ) async throws {
        let loaded = try settings(arguments)
        let surfaces = NodeSurfaces(
            settings: loaded.settings,
            families: [.v4],
            start: StartFacts(version: "0.1.0", loaded.configuration),
            metrics: ProxyMetrics(families: [.v4], build: BuildFacts(version: "0.1.0")),
            needsNode: false,
            logger: RunningProxy.logger
        )
        try await withThrowingDiscardingTaskGroup { group in
            for service in surfaces.services {
                group.addTask { try await service.run() }
            }
            defer { group.cancelAll() }
            try await body(surfaces.health)
        }
    }

    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("[::1]", "[::1]"), ("[::]", "[::1]")])
    func `readiness and liveness are asked where the configuration file says`(listen: String, asked: String)
        async throws
    {
        let (health, metrics) = (try freePort(), try freePort())
        let file = FileManager.default.temporaryDirectory.appending(path: "healthy-\(UUID().uuidString).yaml")
        try """
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        mode: ipvs
        healthzBindAddress: "\(listen):\(health)"
        metricsBindAddress: "\(listen):\(metrics)"
        """.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let config = "--config=\(file.path())"
        let flags = ["--healthz-bind-address=\(listen):\(health)", "--metrics-bind-address=\(listen):\(metrics)"]
        try await Self.serving(flags) { board in
            let place = "http://\(asked):\(health)"
            try await eventually("the daemon answers") {
                try await Self.healthy(config, "--ask=ping")
                    == Answer(
                        status: .exited(0), text: "ping: yes: http://\(asked):\(metrics)/healthz answers 200\n")
            }
            try await eventually("the health server answers") {
                try await Self.healthy(config, "--ask", "live")
                    == Answer(status: .exited(0), text: "live: yes: \(place)/livez answers 200\n")
            }
            let early = try await Self.healthy(config)
            #expect(early.status == .exited(1))
            #expect(early.text.hasPrefix("ready: no: \(place)/healthz answers 503: {\"lastUpdated\":\"0001-01-01"))
            #expect(early.text.split(separator: "\n").count == 1)

            board.notePassStarted(.v4, at: .now)
            board.notePassEnded(.v4, succeeded: true, at: .now)
            #expect(
                try await Self.healthy(config)
                    == Answer(status: .exited(0), text: "ready: yes: \(place)/healthz answers 200\n"))

            board.notePassStarted(.v4, at: .now - .seconds(3600))
            board.notePassEnded(.v4, succeeded: false, at: .now - .seconds(3600))
            #expect(try await Self.healthy(config, "--ask", "live").status == .exited(1))
            #expect(try await Self.healthy(config, "--ask", "ping").status == .exited(0))
        }
    }

    @Test func `a daemon that is not there is not healthy, whatever is asked`() async throws {
        let (health, metrics) = (try freePort(), try freePort())
        for question in HealthQuestion.allCases {
            let answer = try await Self.healthy(
                "--ask=\(question.rawValue)", "--healthz-bind-address=127.0.0.1:\(health)",
                "--metrics-bind-address=127.0.0.1:\(metrics)")
            #expect(answer.status == .exited(1))
            #expect(answer.text.hasPrefix("\(question.rawValue): no: http://127.0.0.1:"))
            #expect(answer.text.hasSuffix(": nobody listens there\n"))
        }
    }

    @Test func `a configuration that cannot be used is no answer`() async throws {
        let answer = try await Self.healthy("--healthz-bind-address=nowhere")
        #expect(answer.status != .exited(0))
        #expect(answer.text.contains("healthz"))
    }

    @Test func `a probe asks the other server where one is switched off, and the local socket where both are`() throws {
        func places(_ question: HealthQuestion, _ arguments: String...) throws -> [String] {
            HealthProbe(question, try Self.settings(arguments).settings).places.map(\.description)
        }
        #expect(try places(.ping, "--metrics-port=0") == ["http://127.0.0.1:10256/livez", "http://[::1]:10256/livez"])
        #expect(try places(.ping, "--healthz-port=0") == ["http://127.0.0.1:10249/healthz"])
        #expect(try places(.ready, "--healthz-port=0") == ["the local socket"])
        #expect(try places(.live, "--healthz-port=0", "--metrics-port=0") == ["the local socket"])
        #expect(try places(.ping, "--healthz-port=0", "--metrics-port=0") == ["the local socket"])
    }

    @Test(.enabled(if: geteuid() == 0, "another user is needed"))
    func `nobody but root is believed on the local socket`() async throws {
        var probe = HealthProbe(.ready, try Self.settings(["--healthz-port=0"]).settings)
        let name = "kube-ipvs/test-\(UUID().uuidString)"
        probe.places = [.localSocket(name)]
        try await ForeignSocket.listening(name, answering: "ready 200 {}\\n") { [probe] in
            try await eventually("somebody else listens, and is told from the daemon") {
                let verdict = probe.ask()
                #expect(!verdict.isHealthy)
                return verdict.words
                    == "ready: no: the local socket: a program of another user than root listens there"
            }
        }
    }

    @Test func `an answer is read whatever comes`() {
        #expect(
            HealthAnswer(http: Array("HTTP/1.1 503 No\r\nServer: kube-ipvs\r\nA: b\r\n\r\n{}".utf8))
                == HealthAnswer(code: 503, body: "{}"))
        // kube-proxy answers at the same ports.
        #expect(HealthAnswer(http: Array("HTTP/1.1 200 OK\r\nA: b\r\n\r\nServer: kube-ipvs".utf8)) == nil)
        #expect(HealthAnswer(http: Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)) == nil)
        #expect(HealthAnswer(http: []) == nil)
        #expect(HealthAnswer(http: Array("HTTP/1.1 many\r\n\r\n".utf8)) == nil)
        let local = Array("ready 503 {\"a\": 1}\nlive 200 {}\n".utf8)
        #expect(HealthAnswer(local: local, to: .ready) == HealthAnswer(code: 503, body: "{\"a\": 1}"))
        #expect(HealthAnswer(local: local, to: .live) == HealthAnswer(code: 200, body: "{}"))
        #expect(HealthAnswer(local: local, to: .ping) == nil)
        #expect(HealthAnswer(local: Array("ready\nlive x y\n".utf8), to: .live) == nil)
    }

    @Test func `a server that says nothing is given up`() async throws {
        let port = try freePort()
        let silent = try await Subprocess.run(
            .name("bash"),
            arguments: [
                "-c",
                """
                socat TCP-LISTEN:\(port),bind=127.0.0.1,reuseaddr EXEC:'sleep 60' & trap "kill $!" EXIT
                until ss -Hltn | grep -q ':\(port) '; do sleep 0.05; done
                "$0" healthy --healthz-bind-address=127.0.0.1:\(port)
                """,
                URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "kube-ipvs").path(),
            ], output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        #expect(silent.terminationStatus == .exited(1))
        #expect(silent.standardOutput == "ready: no: http://127.0.0.1:\(port)/healthz: no answer in 5.0 seconds\n")
    }
}
