// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesWatch
import NIOHTTP1
import Testing

@testable import KubernetesHTTP

/// What `trace` asks an API server: a few objects among many.
@Suite(.timeLimit(.minutes(5))) struct LookupTests {
    private static func list(_ kind: String, _ items: [String], continuation: String = "") -> RawServer.Answer {
        RawServer.Answer(
            body: Array(
                """
                {"kind":"\(kind)List","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"\(continuation)"},\
                "items":[\(items.joined(separator: ","))]}
                """.utf8))
    }

    private static func service(_ name: String, clusterIP: String, loadBalancerIP: String) -> String {
        """
        {"metadata":{"name":"\(name)","namespace":"shop"},"spec":{"type":"LoadBalancer","clusterIP":"\(clusterIP)",\
        "clusterIPs":["\(clusterIP)"],"ports":[{"port":443,"protocol":"TCP"}]},\
        "status":{"loadBalancer":{"ingress":[{"ip":"\(loadBalancerIP)"}]}}}
        """
    }

    /// Two pages of Services. A server of before 1.22 refuses to select by cluster IP.
    private static func answer(_ uri: String, selects: Bool) -> RawServer.Answer {
        guard uri.hasPrefix("/api/v1/services") else { return RawServer.Answer(code: 404) }
        if uri.contains("spec.clusterIP%3D") {
            guard selects else { return RawServer.Answer(code: 400) }
            return list(
                "Service",
                uri.contains("10.96.0.1&") || uri.hasSuffix("10.96.0.1")
                    ? [service("web", clusterIP: "10.96.0.1", loadBalancerIP: "203.0.113.1")] : [])
        }
        return uri.contains("continue=")
            ? list("Service", [service("checkout", clusterIP: "10.96.0.2", loadBalancerIP: "203.0.113.2")])
            : list(
                "Service", [service("web", clusterIP: "10.96.0.1", loadBalancerIP: "203.0.113.1")], continuation: "next"
            )
    }

    private func names(wanting address: String, selects: Bool) async throws -> (names: [String], questions: Int) {
        let wanted = try #require(IPAddress(address))
        nonisolated(unsafe) var result: (names: [String], questions: Int) = ([], 0)
        try await RawServer.run({ Self.answer($0.uri, selects: selects) }) { server in
            let client = ClusterClient(.plain(server.port), version: "1", logger: .silent)
            let services = try await client.services(wanting: wanted) {
                ($0.clusterIPs + $0.loadBalancerVIPs).contains(wanted)
            }
            unsafe result = (services.map { "\($0.name)" }, server.requests.count)
        }
        return unsafe result
    }

    @Test func `the Service with a cluster IP is one question, and one with another IP is found page by page`()
        async throws
    {
        let clusterIP = try await names(wanting: "10.96.0.1", selects: true)
        #expect(clusterIP.names == ["shop/web"] && clusterIP.questions == 1)
        let balanced = try await names(wanting: "203.0.113.2", selects: true)
        #expect(balanced.names == ["shop/checkout"] && balanced.questions == 3)
    }

    @Test func `a server that cannot select by cluster IP is asked for all`() async throws {
        #expect(try await names(wanting: "10.96.0.1", selects: false).names == ["shop/web"])
    }

    @Test func `endpoints are called after what they stand for and its node`() async throws {
        let slice = """
            {"metadata":{"name":"a","namespace":"shop"},"addressType":"IPv4","endpoints":[\
            {"addresses":["10.244.1.11"],"nodeName":"node-1","targetRef":{"kind":"Pod","name":"web-1","namespace":"shop"}},\
            {"addresses":["10.244.2.12"],"targetRef":{"kind":"Pod","name":"web-2"}},\
            {"addresses":["10.244.3.13"],"nodeName":"node-3"},{"addresses":["none"]},{}]}
            """
        try await RawServer.run { head in
            head.uri.hasPrefix("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=")
                && head.uri.hasSuffix("web") ? Self.list("EndpointSlice", [slice]) : .init(code: 404)
        } _: { server in
            let client = ClusterClient(.plain(server.port), version: "1", logger: .silent)
            let names = try await client.endpointNames(of: ObjectName(namespace: "shop", name: "web"))
            #expect(
                Set(names.map { "\($0.key): \($0.value)" }) == [
                    "10.244.1.11: pod shop/web-1 on node-1", "10.244.2.12: pod shop/web-2", "10.244.3.13: on node-3",
                ])
        }
    }

    @Test func `a Pod has the addresses of its status, and one that may not be read is an error`() async throws {
        try await RawServer.run { head in
            head.uri == "/api/v1/namespaces/shop/pods/cart-1"
                ? .init(body: Array(#"{"status":{"podIPs":[{"ip":"10.244.1.14"},{"ip":"fd00::14"}]}}"#.utf8))
                : .init(code: 403)
        } _: { server in
            let client = ClusterClient(.plain(server.port), version: "1", logger: .silent)
            let addresses = try await client.addresses(ofPod: ObjectName(namespace: "shop", name: "cart-1"))
            #expect(addresses.map(\.description) == ["10.244.1.14", "fd00::14"])
            await #expect(throws: APIError.self) {
                _ = try await client.addresses(ofPod: ObjectName(namespace: "shop", name: "other"))
            }
        }
    }
}
