// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

extension TrafficSuite {
    /// Whom the servers see: where the node puts its own address in the client's place.
    @Suite struct SourceAddressTests {
        /// How the daemon tells the pods' traffic from other traffic, by flags beside `--cluster-cidr`, and who is then seen
        /// as he is at a cluster IP.
        private struct Mode {
            var flags: [String]
            var podIsSeen: Bool
            var clientIsSeen: Bool
        }

        private let modes = [
            Mode(flags: [], podIsSeen: true, clientIsSeen: false),
            Mode(flags: ["--masquerade-all"], podIsSeen: false, clientIsSeen: false),
            Mode(flags: ["--detect-local-mode", "NodeCIDR"], podIsSeen: true, clientIsSeen: false),
            Mode(
                flags: ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "pod-4"], podIsSeen: true,
                clientIsSeen: false),
            // Whoever comes by another bridge is not local.
            Mode(
                flags: ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "lan"], podIsSeen: false,
                clientIsSeen: true),
            Mode(
                flags: ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "pod-"],
                podIsSeen: true, clientIsSeen: false),
            // Nothing is known of pods: everybody is seen as he is, and the node must still be answered.
            Mode(flags: ["--cluster-cidr", ""], podIsSeen: true, clientIsSeen: true),
        ]

        private let families = [
            (
                host: "10.96.0.10", outer: ["192.168.50.10:30010", "203.0.113.10", "203.0.114.10"],
                pod: "10.244.1.14", client: "192.168.50.100"
            ),
            (
                host: "[fd00:10:96::10]", outer: ["[fd00:50::10]:30010", "[fd00:113::10]", "[fd00:114::10]"],
                pod: "fd00:10:244:1::14", client: "fd00:50::100"
            ),
        ]

        @Test func `each way to detect local traffic decides whose address is seen at cluster IPs and nowhere else`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", type: "LoadBalancer", clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30010)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"],
                        spec: [#"externalIPs: ["203.0.114.10", "fd00:114::10"]"#],
                        loadBalancerVIPs: ["203.0.113.10", "fd00:113::10"]),
                    to: "web.yaml")
                for mode in modes {
                    let daemon = try await cluster.startDaemonOnly(mode.flags)
                    try await daemon.waitForFirstPass()
                    for family in families {
                        func seen(_ hosts: [String], from place: Cluster.Place) async throws -> Set<String> {
                            try await cluster.clientsSeen(at: hosts.map { "http://\($0)/" }, from: place)
                        }
                        let podSeen = try await seen([family.host], from: .pod4)
                        #expect(podSeen.contains(family.pod) == mode.podIsSeen, "\(mode.flags) \(podSeen)")
                        let clientSeen = try await seen([family.host], from: .client)
                        #expect(clientSeen.contains(family.client) == mode.clientIsSeen, "\(mode.flags) \(clientSeen)")
                        // What the node itself sends needs an address that the pod can answer to.
                        try await cluster.expect(["pod-1"], at: [family.host], from: .node, requests: 2)
                        // Elsewhere nobody is seen: whatever the mode, the answer has to come back by this node.
                        let clientAtOuter = try await seen(family.outer, from: .client)
                        #expect(!clientAtOuter.contains(family.client), "\(mode.flags) \(clientAtOuter)")
                        let podAtOuter = try await seen(family.outer, from: .pod4)
                        #expect(!podAtOuter.contains(family.pod), "\(mode.flags) \(podAtOuter)")
                    }
                    try await daemon.stop()
                }
            }
        }
    }
}
