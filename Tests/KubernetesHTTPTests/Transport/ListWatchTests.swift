// SPDX-License-Identifier: GPL-2.0-or-later
import InMemoryLogging
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Logging
import Testing

@testable import KubernetesHTTP

/// Lists and watches over HTTPS, in both encodings.
@Suite(.timeLimit(.minutes(5)))
struct ListWatchTests {
    @Test(
        arguments: [
            ("application/vnd.kubernetes.protobuf", false), ("application/vnd.kubernetes.protobuf", true),
            ("application/json", false),
        ], [30, 33, 35])
    func `objects are listed in the server's way and watched`(
        encoding: (contentType: String, speaksOnlyJSON: Bool),
        minor: Int
    ) async throws {
        let (contentType, speaksOnlyJSON) = encoding
        let release = ServerRelease(minor: minor)
        let api = FakeAPIServer()
        api.options.speaksOnlyJSON = speaksOnlyJSON
        api.options.releases = [release]
        for index in 0..<1200 { api.set(service("s\(index)", port: UInt16(1000 + index))) }
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let client = ClusterClient(
                .local(server.port),
                settings: .init(contentType: contentType),
                version: "1",
                logger: .silent
            )
            try await Mirror.follow(client.services, clock: ContinuousClock(), backoff: .short) { mirror in
                await mirror.wait { $0.objects.count == 1200 && $0.watches == 1 }
                api.set(service("s0", port: 7))
                api.deleteService("s1")
                api.set(service("new"))
                await mirror.wait { mirror in
                    mirror.objects[ObjectName(namespace: "default", name: "new")] != nil
                        && mirror.objects[ObjectName(namespace: "default", name: "s0")]?.ports.first?.port == 7
                        && mirror.objects.count == 1200
                }
                #expect(mirror.failures == [])
                #expect(mirror.lists == 1)
            }
            // In three pages, and below 1.31 the first one twice.
            let lists = release.offersStreamingLists ? 0 : minor < 31 ? 4 : 3
            #expect(api.requests.filter { $0.query["watch"] == nil }.count == lists)
        }
    }

    @Test(arguments: [(30, 2), (33, 1), (35, 1)])
    func `what is chosen for a server is told once, for all that is followed there`(minor: Int, lines: Int) async throws
    {
        let api = FakeAPIServer()
        api.options.releases = [ServerRelease(minor: minor)]
        api.set(service("web"))
        let log = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in log }
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let client = ClusterClient(.local(server.port), version: "1", logger: logger)
            for _ in 0..<2 {
                _ = try await client.services.begin(.cached, for: .seconds(300))
                _ = try await client.endpointSlices.begin(.cached, for: .seconds(300))
                _ = try await client.node(named: "n").begin(.cached, for: .seconds(300))
            }
        }
        let words = log.entries.map { "\($0.message)" }
        #expect(words.count == lines)
        let way = minor == 35 ? "offers streaming lists" : "offers no streaming lists; lists come in pages"
        #expect(words.contains { $0.contains(way) })
        #expect(words.contains { $0.contains("does not know a part of a request") } == (minor == 30))
    }

    @Test func `a client has a source for each resource that kube-proxy watches`() async throws {
        let api = FakeAPIServer()
        api.set(service("web"))
        api.set(slice("web-1", of: "web", endpoints: 3))
        api.set(.node(Node(name: "here")))
        api.set(.node(Node(name: "there")))
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let client = ClusterClient(.local(server.port), version: "1", logger: .silent)
            let services = try await client.services.list(.cached).objects
            let slices = try await client.endpointSlices.list(.latest).objects
            let nodes = try await client.node(named: "here").list(.cached).objects
            #expect(services.map(\.object) == [service("web")])
            #expect(slices.map(\.object) == [slice("web-1", of: "web", endpoints: 3)])
            #expect(nodes.map(\.name?.name) == ["here"])
            #expect(
                api.requests.map { [$0.path, $0.query["labelSelector"], $0.query["fieldSelector"]] } == [
                    ["/api/v1/services", "!service.kubernetes.io/service-proxy-name", "spec.clusterIP!=None"],
                    ["/apis/discovery.k8s.io/v1/endpointslices", "!service.kubernetes.io/headless", nil],
                    ["/api/v1/nodes", nil, "metadata.name=here"],
                ]
            )
        }
    }

    @Test func `a client writes events over its connection`() async throws {
        let api = FakeAPIServer()
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let recorder = ClusterClient(.local(server.port), version: "1", logger: .silent)
                .eventRecorder(hostName: "node-1", logger: .silent)
            let event = ClusterEvent(.normal, reason: "R", action: "A", regarding: .node(named: "node-1"), note: "é")
            await withTaskGroup { group in
                group.addTask { await recorder.run() }
                recorder.record(event)
                await api.wait { $0.events.count == 1 }
                recorder.record(event)
                await api.wait { $0.requests.count == 2 }
                group.cancelAll()
            }
            #expect(api.events.map { $0["note"]?.text } == ["é"])
            #expect(api.requests.map(\.method) == ["POST", "PATCH"])
        }
    }

    @Test func `bodies may arrive in pieces of any length`() async throws {
        let api = FakeAPIServer()
        for index in 0..<20 { api.set(service("s\(index)")) }
        api.options.pieceLength = 3
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let client = ClusterClient(.local(server.port), version: "1", logger: .silent)
            try await Mirror.follow(client.services, clock: ContinuousClock(), backoff: .short) { mirror in
                await mirror.wait { $0.watches == 1 }
                api.set(service("new"))
                await mirror.wait { $0.objects.count == 21 }
                #expect(mirror.failures == [])
            }
        }
    }

    @Test func `the delay between tries grows from what the configuration allows`() {
        func initial(_ requestsPerSecond: Double) -> Duration {
            ClusterClient(
                ClusterConnection(server: ServerAddress(host: "a", port: 1)),
                settings: .init(requestsPerSecond: requestsPerSecond),
                version: "1",
                logger: .silent
            ).backoff.initial
        }
        #expect(initial(5) == .milliseconds(200))
        #expect(initial(0.5) == .seconds(2))
        #expect(initial(-1) == .milliseconds(200))
        #expect(initial(0.001) == .seconds(30))
    }
}
