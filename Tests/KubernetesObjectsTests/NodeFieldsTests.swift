// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import Testing

struct NodeFieldsTests {
    private func nodeText(metadata: String = "", spec: String = "", addresses: String = "") -> String {
        """
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"\(metadata)}, "spec": {\(spec)},
         "status": {"addresses": [\(addresses)], "capacity": {"cpu": "2"}}}
        """
    }

    @Test func `a Node with every field is read whole`() throws {
        let item = try item(
            nodeText(
                metadata: #", "labels": {"topology.kubernetes.io/zone": "zone-1"}"#,
                spec: #""podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24", "fd00:1::/64"]"#,
                addresses: """
                    {"type": "Hostname", "address": "node-a"}, {"type": "InternalIP", "address": "192.0.2.1"},
                    {"type": "InternalIP", "address": "2001:db8::1"}, {"type": "ExternalIP", "address": "203.0.113.1"},
                    {"type": "ExternalDNS", "address": "a.example"}
                    """
            )
        )
        #expect(item.rejections.isEmpty)
        let wanted = Node(
            name: "node-a",
            addresses: try ["192.0.2.1", "2001:db8::1", "203.0.113.1"].map { try #require(IPAddress($0)) },
            podCIDRs: try ["10.1.0.0/24", "fd00:1::/64"].map { try #require(IPPrefix($0)) },
            zone: "zone-1"
        )
        #expect(try node(item) == wanted)
    }

    @Test func `podCIDR counts where podCIDRs is absent`() throws {
        let item = try item(nodeText(spec: #""podCIDR": "10.1.0.0/24""#))
        #expect(try node(item).podCIDRs == [try #require(IPPrefix("10.1.0.0/24"))])
    }

    @Test(arguments: [
        ("", "", false),
        (#", "deletionTimestamp": "2025-01-01T00:00:00Z""#, "", true),
        (#", "deletionTimestamp": null"#, "", false),
        ("", #""taints": [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]"#, true),
        ("", #""taints": [{"key": "other"}]"#, false),
    ])
    func `a Node is being deleted when the API or the autoscaler says so`(
        metadata: String,
        spec: String,
        isBeingDeleted: Bool
    ) throws {
        #expect(try node(item(nodeText(metadata: metadata, spec: spec))).isBeingDeleted == isBeingDeleted)
    }

    @Test func `what is wrong in a Node is rejected alone`() throws {
        let item = try item(
            nodeText(
                spec: #""podCIDRs": ["10.1.0.0", "10.2.0.0/16"]"#,
                addresses: #"{"type": "InternalIP", "address": "x"}, {"type": "InternalIP", "address": "192.0.2.1"}"#
            )
        )
        #expect(
            item.rejections.map(Expected.init) == [
                Expected("status.addresses[0].address", .invalidAddress),
                Expected("spec.podCIDRs[0]", .invalidNetwork),
            ]
        )
        #expect(item.rejections.first?.rejection.description.hasPrefix("Node node-a: status.") == true)
        #expect(try node(item).addresses.count == 1)
        #expect(try node(item).podCIDRs.count == 1)
    }
}
