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

        @Test func `each way to detect local traffic decides whose address is seen at cluster IPs and node ports`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", type: "NodePort", clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30010)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                    to: "web.yaml")
                for mode in modes {
                    let daemon = try await cluster.startDaemonOnly(mode.flags)
                    try await daemon.waitForFirstPass()
                    for (url, pod, client) in [
                        ("http://10.96.0.10/", "10.244.1.14", "192.168.50.100"),
                        (
                            "http://[fd00:10:96::10]/", "[fd00:0010:0244:0001:0000:0000:0000:0014]",
                            "[fd00:0050:0000:0000:0000:0000:0000:0100]"
                        ),
                    ] {
                        let podSeen = try await cluster.clientsSeen(at: url, from: .pod4)
                        #expect(podSeen.contains(pod) == mode.podIsSeen, "\(mode.flags) \(url) \(podSeen)")
                        let clientSeen = try await cluster.clientsSeen(at: url, from: .client)
                        #expect(clientSeen.contains(client) == mode.clientIsSeen, "\(mode.flags) \(url) \(clientSeen)")
                        // What the node itself sends needs an address that the pod can answer to.
                        #expect(try await cluster.answers(to: url, from: .node) == Array(repeating: "pod-1", count: 6))
                    }
                    // At a node port nobody is seen: whatever the mode, the answer has to come back by this node.
                    let seen = try await cluster.clientsSeen(at: "http://192.168.50.10:30010/", from: .client)
                    #expect(!seen.contains("192.168.50.100"), "\(mode.flags)")
                    try await daemon.stop()
                }
            }
        }
    }
}
