// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesHTTP
import KubernetesTesting
import KubernetesWatch
import NIOHTTP1
import Testing

/// What `check` learns of the API server.
@Suite(.timeLimit(.minutes(5))) struct ReviewTests {
    private func review(_ api: FakeAPIServer) async throws -> APIServerReview {
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let client = ClusterClient(.local(server.port), version: "1", logger: .silent)
            return await client.review(nodeName: "node-1")
        }
    }

    @Test func `an API server tells its version, and that all is allowed`() async throws {
        let api = FakeAPIServer()
        let review = try await review(api)
        #expect(review.failure == nil)
        #expect(review.version == "v1.35.0" && review.minor == 35)
        #expect(review.permissions.count == 8)
        #expect(review.permissions.values.allSatisfy { $0 == .allowed })
        // As the server has seen it: nothing was asked that the daemon does not do.
        #expect(
            Set(review.permissions.keys.map(\.description)) == [
                "list services", "watch services", "list endpointslices.discovery.k8s.io",
                "watch endpointslices.discovery.k8s.io", "list nodes node-1", "watch nodes node-1",
                "create events.events.k8s.io in namespace default", "patch events.events.k8s.io in namespace default",
            ])
        #expect(api.requests.count { $0.method == "POST" } == 8)
    }

    @Test(arguments: ["list services", "watch endpointslices", "watch nodes", "patch events"])
    func `what is not allowed is told by verb and resource, with the reason`(verb: String) async throws {
        let api = FakeAPIServer()
        var options = api.options
        options.denied = [verb]
        api.options = options
        let denied = try await review(api).permissions.filter { $0.value != .allowed }
        #expect(denied.count == 1)
        #expect(denied.keys.first.map { "\($0.verb) \($0.resource)" } == verb)
        #expect(denied.values.first == .denied(reason: "no RBAC policy matched"))
    }

    @Test func `a server that does not know these credentials is told as that`() async throws {
        let api = FakeAPIServer()
        var options = api.options
        options.token = "another"
        api.options = options
        let review = try await review(api)
        #expect(review.failure?.label == "unauthorized")
        #expect(review.permissions.isEmpty)
    }

    @Test func `a server that is not there is told with its address`() async throws {
        let port = try await HTTPAPIServer.run(FakeAPIServer()) { $0.port }
        let review = await ClusterClient(.local(port), version: "1", logger: .silent).review(nodeName: "node-1")
        #expect(review.failure?.description == "https://127.0.0.1:\(port): Connection refused")
        #expect(review.server == "https://127.0.0.1:\(port)")
    }

    @Test func `a version of a vendor and a server that keeps its version to itself are understood`() async throws {
        try await RawServer.run { head in
            head.uri == "/version"
                ? .init(body: Array(#"{"major":"1","minor":"27+","gitVersion":"v1.27.9-eks-1"}"#.utf8))
                : .init(code: 403)
        } _: { server in
            let review = await ClusterClient(.plain(server.port), version: "1", logger: .silent).review(nodeName: "n")
            #expect(review.minor == 27)
            #expect(review.permissions.values.allSatisfy { if case .unknown = $0 { true } else { false } })
        }
        try await RawServer.run { _ in
            .init(code: 403)
        } _: { server in
            let review = await ClusterClient(.plain(server.port), version: "1", logger: .silent).review(nodeName: "n")
            #expect(review.failure == nil && review.minor == nil)
        }
    }
}
