// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Foundation
import IPVSListing
import KubernetesObjects
import NodeStatus
import ProxyTelemetry
import ServicePlan
import Subprocess
import SystemTesting
import Testing

@testable import NodeDaemon

/// The daemon's local socket, over real connections.
struct LocalStatusSocketTests {
    private struct Server: Sendable {
        var name: String
        var running: RunningProxy
        /// Asked with more patience than a person has: a busy machine must not decide.
        var daemon: RunningDaemon { RunningDaemon(name, patience: .seconds(120)) }
    }

    /// Runs a daemon's passes over fakes, with its socket, until `body` ends.
    private static func serving(_ body: @Sendable @escaping (Server) async throws -> Void) async throws {
        let name = "kube-ipvs/test-\(UUID().uuidString)"
        try await RunningProxy.run { running in
            let answers = LocalAnswers(
                status: running.status, health: running.health, proxy: running.proxy,
                facts: StatusReport(time: "", node: "here", version: "0.1.0", uptime: 0, source: "a test"))
            let socket = LocalStatusSocket(name, logger: RunningProxy.logger) { await answers.answer($0) }
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await socket.run() }
                defer { group.cancelAll() }
                try await eventually("the socket is open") { (try? RunningDaemon(name).status()) != nil }
                try await body(Server(name: name, running: running))
            }
        }
    }

    private static let service = Service(
        name: RunningProxy.name, clusterIPs: [IPAddress(v4: 0x0a60_0001)], ports: [ServicePort(name: "http", port: 80)])

    /// - Parameter endpoints: how many there are.
    private static func slice(_ endpoints: UInt32 = 2) -> EndpointSlice {
        var slice = EndpointSlice(
            name: ObjectName(namespace: "shop", name: "web-1"),
            serviceName: "web",
            ports: [EndpointPort(name: "http", port: 8080)],
            endpoints: (0..<endpoints).map { Endpoint(address: IPAddress(v4: 0x0af4_0001 + $0), nodeName: "here") }
        )
        if endpoints == 2 {
            slice.names = EndpointNames([.init(pod: "web-x", zone: "a"), .init(pod: "web-y", zone: "b")])
        }
        return slice
    }

    private static let server = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 80, transport: .tcp)

    @Test func `the status has what the passes have done`() async throws {
        try await Self.serving { server in
            let early = try server.daemon.status()
            #expect(early.node == "here" && early.version == "0.1.0")
            #expect(early.troubles == ["IPv4: no pass has been complete yet"])

            await server.running.begin([.service(Self.service), .slice(Self.slice())])
            try await eventually("a pass is complete") { try server.daemon.status().troubles.isEmpty }
            let family = try #require(try server.daemon.status().families.first)
            #expect(family.isHealthy && family.virtualServers == 1 && family.realServers == 2)
            #expect(family.sets.contains { $0.name == "KUBE-CLUSTER-IP" && $0.entries == 1 })
        }
    }

    @Test func `names are those of Service, Pod, node and zone, also of many virtual servers`() async throws {
        try await Self.serving { server in
            await server.running.begin([.service(Self.service), .slice(Self.slice())])
            try await eventually("a pass is complete") { try server.daemon.status().troubles.isEmpty }
            let names = try server.daemon.names(of: [Self.server])
            #expect(
                names == [
                    ServerNames(
                        service: .init(namespace: "shop", name: "web", port: "http"),
                        endpoints: [
                            .init(address: IPAddress(v4: 0x0af4_0001), port: 8080):
                                .init(pod: "web-x", node: "here", zone: "a"),
                            .init(address: IPAddress(v4: 0x0af4_0002), port: 8080):
                                .init(pod: "web-y", node: "here", zone: "b"),
                        ])
                ])
            let unknown = VirtualServer.ID(address: IPAddress(v4: 1), port: 1, transport: .udp)
            let many = try server.daemon.names(of: Array(repeating: unknown, count: 1000) + [Self.server])
            #expect(many.count == 1001 && many[999] == ServerNames() && many[1000] == names[0])
        }
    }

    @Test func `a question for names of more endpoints than go into one answer is asked in parts`() async throws {
        try await Self.serving { server in
            await server.running.begin([
                .service(Self.service), .slice(Self.slice(9000)),
            ])
            try await eventually("a pass is complete") { try server.daemon.status().troubles.isEmpty }
            let names = try server.daemon.names(of: Array(repeating: Self.server, count: 5))
            #expect(names.map(\.endpoints.count) == [9000, 9000, 9000, 9000, 9000])
        }
    }

    /// Asks by another program, as another user where that is said.
    private static func ask(_ name: String, as user: String?, _ question: String) async throws -> String {
        let script = """
            use Socket; $SIG{PIPE} = "IGNORE"; socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
            connect($s, pack('S a*', AF_UNIX, "\\0$ARGV[0]")) or die "connect: $!";
            syswrite($s, $ARGV[1] =~ s/\\\\r\\\\n/\\r\\n/gr); print while <$s>;
            """
        let through = user.map { ["setpriv", "--reuid", $0, "--clear-groups"] } ?? []
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(through + ["perl", "-e", script, name, question]),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        return result.standardOutput + result.standardError
    }

    @Test(.enabled(if: geteuid() == 0, "another user is needed"))
    func `nobody but root is answered`() async throws {
        try await Self.serving { server in
            let question = #"GET /status HTTP/1.0\r\n\r\n"#
            let root = try await Self.ask(server.name, as: nil, question)
            #expect(root.hasPrefix("HTTP/1.0 200 OK\r\nServer: kube-ipvs\r\n") && root.contains("\"node\":\"here\""))
            let other = try await Self.ask(server.name, as: "65534", question)
            #expect(other.hasPrefix("HTTP/1.0 403 ") && !other.contains("here"))
            #expect(try server.daemon.status().node == "here")
        }
    }

    /// An abstract name belongs to the program that binds it first.
    @Test(.enabled(if: geteuid() == 0, "another user is needed"))
    func `nobody but root is believed`() async throws {
        let name = "kube-ipvs/test-\(UUID().uuidString)"
        try await ForeignSocket.listening(name, answering: "HTTP/1.0 200 OK\\r\\n\\r\\n{}") {
            try await eventually("somebody else listens, and is told from the daemon") {
                do throws(DaemonAbsence) {
                    _ = try RunningDaemon(name).status()
                    return false
                } catch {
                    return "\(error)".hasSuffix(": a program of another user than root listens there")
                }
            }
        }
    }

    @Test(arguments: [
        (#"GET /else HTTP/1.0\r\n\r\n"#, "404"), (#"PUT /status HTTP/1.0\r\n\r\n"#, "405"),
        (#"POST /names HTTP/1.0\r\nContent-Length: 3\r\n\r\nx y"#, "400"), (#"hello\r\n\r\n"#, "400"),
        (#"GET /status HTTP/1.0\r\nContent-Length: 99999999\r\n\r\n"#, "400"),
        (#"GET /status HTTP/1.0\r\nContent-Length: -1\r\n\r\n"#, "400"),
    ])
    func `a question that cannot be answered gets a refusal in words`(question: String, code: String) async throws {
        try await Self.serving { server in
            let answer = try await Self.ask(server.name, as: nil, question)
            #expect(answer.hasPrefix("HTTP/1.0 \(code) "), "\(answer)")
            #expect(try server.daemon.status().node == "here")
        }
    }

    @Test func `who says nothing holds nobody up for long`() async throws {
        try await Self.serving { server in
            // A noncopyable connection cannot be in an array.
            let first = try ProbeConnection.open(toLocal: server.name, until: .now + .seconds(30))
            let second = try ProbeConnection.open(toLocal: server.name, until: .now + .seconds(30))
            // Twice half a second, and then it is this one's turn.
            #expect(try server.daemon.status().node == "here")
            #expect(first.peerUser == geteuid() && second.peerUser == geteuid())
        }
    }

    @Test func `without a daemon it is said where one was looked for`() {
        #expect(throws: DaemonAbsence.self) { try RunningDaemon("kube-ipvs/none").status() }
        do throws(DaemonAbsence) {
            _ = try RunningDaemon("kube-ipvs/none").status()
        } catch {
            #expect(
                "\(error)"
                    == "no daemon of kube-ipvs answers on the local socket @kube-ipvs/none of this network namespace: nobody listens there"
            )
        }
    }

    @Test func `a question is read in whatever pieces it comes`() {
        let question = LocalQuestion(method: "POST", path: "/names", body: Array("TCP\t10.0.0.1\t80\n".utf8))
        let text = question.text
        for length in 0..<text.count { #expect(LocalQuestion.read(Array(text.prefix(length))) == .unfinished) }
        #expect(LocalQuestion.read(text) == .whole(question))
        #expect(LocalQuestion.read([UInt8](repeating: 65, count: LocalQuestion.longest)) == .none)
        let answer = LocalAnswer(200, "", Array("body".utf8))
        #expect(LocalAnswer(read: answer.text).map(\.body) == answer.body)
        #expect(LocalAnswer(read: Array(answer.text.dropLast())) == nil)
        #expect(LocalAnswer(read: Array("HTTP/1.0 200 OK\r\nServer: other\r\nContent-Length: 0\r\n\r\n".utf8)) == nil)
    }
}
