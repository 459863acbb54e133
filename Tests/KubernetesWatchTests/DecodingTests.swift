// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// Both encodings make the same objects.
@Suite struct DecodingTests {
    private func list<Object: WatchableObject>(
        _ resource: WatchedResource<Object>,
        _ api: FakeAPIServer,
        _ speech: Speech
    ) async throws -> [ObservedObject<Object>] {
        let source = ResourceListWatch(
            resource,
            transport: FakeTransport(api),
            options: ListWatchOptions(accept: speech.accept)
        )
        return try await source.list(.cached).objects
    }

    @Test(arguments: Speech.allCases)
    func `every field of a Service arrives`(speech: Speech) async throws {
        var full = service("full")
        full.kind = .loadBalancer
        full.clusterIPs = [IPAddress(v4: 0x0a60_0005), IPAddress(high: 0xfd00_0000_0000_0000, low: 5)]
        full.ports = [
            ServicePort(name: "http", transport: .tcp, port: 80, nodePort: 30080),
            ServicePort(name: "dns", transport: .udp, port: 53, nodePort: 0),
            ServicePort(name: "sig", transport: .sctp, port: 7777, nodePort: 30777),
        ]
        full.externalIPs = [IPAddress(v4: 0xc000_0201)]
        full.loadBalancerVIPs = [IPAddress(v4: 0xcb00_7101)]
        full.loadBalancerSourceRanges = try [#require(IPPrefix("198.51.100.0/24"))]
        full.internalTrafficPolicy = .local
        full.externalTrafficPolicy = .local
        full.clientAffinityTimeout = 600
        full.healthCheckNodePort = 31000
        full.creationTime = 4321
        let api = FakeAPIServer()
        api.set(.service(full))
        api.set(.service(service("plain")))

        #expect(try await list(.services, api, speech).map(\.object) == [full, service("plain")])
    }

    @Test(arguments: Speech.allCases)
    func `every field of an EndpointSlice arrives, and when its cause was`(speech: Speech) async throws {
        let api = FakeAPIServer()
        let slice = slice("web-1", of: "web", endpoints: 7)
        var document = KubernetesObject.endpointSlice(slice).document
        let annotation = "endpoints.kubernetes.io/last-change-trigger-time"
        document["metadata", "annotations", annotation] = .text("2025-01-01T00:00:00Z")
        api.set(.slice("web-1"), document)

        let observed = try await list(.endpointSlices, api, speech)
        #expect(observed.map(\.object) == [slice])
        #expect(observed.map(\.lastChangeTriggerTime) == ["2025-01-01T00:00:00Z"])
    }

    @Test(arguments: Speech.allCases)
    func `conditions that are not there have their defaults`(speech: Speech) async throws {
        let api = FakeAPIServer()
        let slice = slice("web-1", of: "web", endpoints: 1)
        var document = KubernetesObject.endpointSlice(slice).document
        document["endpoints"] = .list([.fields(["addresses": .texts(["10.0.0.1"])])])
        api.set(.slice("web-1"), document)

        let endpoint = try await list(.endpointSlices, api, speech).first?.object?.endpoints.first
        #expect(endpoint == Endpoint(address: IPAddress(v4: 0x0a00_0001)))
    }

    @Test(arguments: Speech.allCases)
    func `one Node arrives and no other`(speech: Speech) async throws {
        let api = FakeAPIServer()
        var node = Node(name: "here", addresses: [IPAddress(v4: 0xc000_0202)], zone: "zone-a", isBeingDeleted: true)
        node.podCIDRs = try [#require(IPPrefix("10.244.3.0/24"))]
        api.set(.node(node))
        api.set(.node(Node(name: "there")))

        #expect(try await list(.node(named: "here"), api, speech).map(\.object) == [node])
    }

    @Test(arguments: Speech.allCases)
    func `a Node with a deletion timestamp is being deleted`(speech: Speech) async throws {
        let api = FakeAPIServer()
        var document = KubernetesObject.node(Node(name: "here")).document
        document["metadata", "deletionTimestamp"] = .text("2025-01-01T00:00:00Z")
        api.set(KubernetesObject.ID(kind: .node, name: ObjectName(namespace: "", name: "here")), document)

        #expect(try await list(.node(named: "here"), api, speech).map(\.object?.isBeingDeleted) == [true])
    }

    /// Written out byte by byte, so that reading is not only held against our own writing: field numbers are those of
    /// generated.proto in k8s.io/api, and fields that nobody reads stand in between.
    @Test func `a protobuf list is read as the API defines it`() async throws {
        func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
            var tag = number << 3 | 2
            var bytes: [UInt8] = []
            for var value in [tag, content.count] {
                tag = value
                while value >= 0x80 {
                    bytes.append(UInt8(value & 0x7f | 0x80))
                    value >>= 7
                }
                bytes.append(UInt8(value))
            }
            return bytes + content
        }
        func text(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

        let metadata =
            text(1, "web-abc") + text(2, "web-") + text(3, "shop") + text(5, "some-uid") + text(6, "77")
            + [0x38, 0x02] + field(8, [0x08, 0x80, 0x94, 0xeb, 0xdc, 0x03])
            + field(11, text(1, "kubernetes.io/service-name") + text(2, "web"))
            + field(13, text(1, "Service") + text(3, "web") + [0x30, 0x01])
            + field(17, text(1, "kube-controller-manager"))
        let endpoint =
            text(1, "10.1.2.3") + field(2, [0x08, 0x01, 0x10, 0x01, 0x18, 0x00]) + text(3, "host")
            + field(4, text(1, "Pod") + text(3, "web-1")) + text(6, "node-7") + text(7, "zone-b")
            + field(8, field(1, text(1, "zone-b")) + field(2, text(1, "node-7")))
        let port = text(1, "http") + text(2, "TCP") + [0x18, 0x90, 0x3f] + text(4, "http")
        let slice = field(1, metadata) + field(2, endpoint) + field(3, port) + text(4, "IPv4")
        let list = field(1, text(1, "") + text(2, "4711") + text(3, "")) + field(2, slice)
        let body =
            Array("k8s\u{0}".utf8) + field(1, text(1, "discovery.k8s.io/v1") + text(2, "EndpointSliceList"))
            + field(2, list) + text(3, "") + text(4, "")

        let transport = CannedTransport(.init(contentType: "application/vnd.kubernetes.protobuf", pieces: [body]))
        let read = try await ResourceListWatch(.endpointSlices, transport: transport).list(.cached)
        #expect(read.version.rawValue == "4711")
        var expected = EndpointSlice(
            name: ObjectName(namespace: "shop", name: "web-abc"),
            serviceName: "web",
            ports: [EndpointPort(name: "http", port: 8080)],
            endpoints: [
                Endpoint(
                    address: IPAddress(v4: 0x0a01_0203),
                    nodeName: "node-7",
                    zoneHints: ["zone-b"],
                    nodeHints: ["node-7"]
                )
            ]
        )
        expected.names = EndpointNames([.init(pod: "web-1", zone: "zone-b")])
        #expect(read.objects == [ObservedObject(name: expected.name, object: expected)])
    }
}
