import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Logging
import Testing

@testable import KubernetesHTTP

/// Lists and watches over HTTPS, in both encodings.
@Suite(.timeLimit(.minutes(5)))
struct ListWatchTests {
    @Test(arguments: ["application/vnd.kubernetes.protobuf", "application/json"], [false, true])
    func `objects are listed in pages and watched`(contentType: String, speaksOnlyJSON: Bool) async throws {
        let api = FakeAPIServer()
        api.options.speaksOnlyJSON = speaksOnlyJSON
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
            #expect(api.requests.filter { $0.query["watch"] == nil }.count == 3)
        }
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
