// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// What goes out, to the letter.
@Suite struct RequestTests {
    private let empty = #"{"kind":"ServiceList","metadata":{"resourceVersion":"42"},"items":[]}"#

    @Test func `Services are listed and watched with kube-proxy's selectors`() async throws {
        let transport = CannedTransport(.init(empty), .init(pieces: []))
        let source = ResourceListWatch(.services, transport: transport)
        _ = try await source.list(.cached)
        _ = try await source.watch(after: ResourceVersion(rawValue: "42"), for: .seconds(345))

        #expect(
            transport.asked.map(\.target) == [
                "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name"
                    + "&fieldSelector=spec.clusterIP%21%3DNone&limit=500&resourceVersion=0",
                "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name"
                    + "&fieldSelector=spec.clusterIP%21%3DNone&watch=true&allowWatchBookmarks=true"
                    + "&resourceVersion=42&timeoutSeconds=345",
            ]
        )
        #expect(transport.asked.allSatisfy { $0.accept == "application/vnd.kubernetes.protobuf, application/json" })
    }

    @Test func `EndpointSlices of headless Services are not asked for`() async throws {
        let transport = CannedTransport(.init(empty))
        _ = try await ResourceListWatch(.endpointSlices, transport: transport).list(.latest)

        #expect(
            transport.asked.map(\.target) == [
                "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=%21service.kubernetes.io%2Fheadless&limit=500"
            ]
        )
    }

    @Test func `one Node is asked for by its name`() async throws {
        let transport = CannedTransport(.init(empty))
        _ = try await ResourceListWatch(.node(named: "a b&c"), transport: transport).list(.cached)

        #expect(
            transport.asked.map(\.target) == [
                "/api/v1/nodes?fieldSelector=metadata.name%3Da%20b%26c&limit=500&resourceVersion=0"
            ]
        )
    }

    @Test func `the next page is asked for with its token and without a version`() async throws {
        let transport = CannedTransport(
            .init(#"{"metadata":{"resourceVersion":"42","continue":"a/b="},"items":[]}"#),
            .init(empty)
        )
        _ = try await ResourceListWatch(.endpointSlices, transport: transport).list(.cached)

        #expect(
            transport.asked.last?.target
                == "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=%21service.kubernetes.io%2Fheadless"
                + "&limit=500&continue=a%2Fb%3D"
        )
    }

    @Test func `a watch may be silent for longer than the time between two bookmarks`() async throws {
        let transport = CannedTransport(.init(pieces: []))
        let source = ResourceListWatch(.services, transport: transport)
        _ = try await source.watch(after: ResourceVersion(rawValue: "42"), for: .seconds(300))
        // A minute and a quarter of it.
        #expect(transport.asked.allSatisfy { $0.idleLimit > .seconds(75) })
    }

    @Test(arguments: [
        ("", "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf, application/json"),
        ("", "application/json", "application/json"),
        ("", "", "application/json"),
        ("application/json", "application/vnd.kubernetes.protobuf", "application/json"),
        (
            "application/json, application/vnd.kubernetes.protobuf", "application/json",
            "application/json, application/vnd.kubernetes.protobuf"
        ),
        (
            "application/cbor,application/vnd.kubernetes.protobuf;q=0.9", "application/cbor",
            "application/vnd.kubernetes.protobuf, application/json"
        ),
        ("application/cbor", "application/cbor", "application/json"),
    ])
    func `the configured content types are asked for as far as they can be read`(
        accept: String,
        contentType: String,
        header: String
    ) {
        #expect(ContentEncoding.acceptHeader(acceptContentTypes: accept, contentType: contentType) == header)
    }
}
