// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// A node with the pods' network on an overlay. What comes to it by another way than its answer would take is dropped:
    /// `rp_filter=1`, and its like for IPv6. So a request of the node itself is answered only if the endpoint saw the
    /// node's address on the overlay.
    @Suite struct OverlayTests {
        private static func service(_ name: String, clusterIPs: [String], _ number: Int, spec: [String]) -> String {
            Manifest.service(
                name, type: "LoadBalancer", clusterIPs: clusterIPs,
                ports: [.init(port: 80, target: 8080, nodePort: 30000 + number)],
                endpoints: ["10.244.2.15", "fd00:10:244:2::15"],
                states: ["10.244.2.15": Manifest.elsewhere, "fd00:10:244:2::15": Manifest.elsewhere],
                spec: spec + [#"externalIPs: ["203.0.114.\#(number)", "fd00:114::\#(number)"]"#],
                loadBalancerVIPs: ["203.0.113.\(number)", "fd00:113::\(number)"])
        }

        /// Where nothing is known of pods, where their network is known, and where everything is masqueraded.
        private static let detectors = [["--cluster-cidr", ""], [], ["--masquerade-all"]]

        @Test(arguments: ["addresses", "routes"])
        func `the node reaches virtual IPs of endpoints elsewhere, which see its address on the overlay`(
            virtualIPs: String
        ) async throws {
            try await Cluster.with { cluster in
                try await cluster.addSecondNode(overlay: true)
                try await cluster.serve(.http, in: [.pod5], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                // Of IPv6 the first one is nearer to the node's address on the overlay than to any other, the second is not.
                try cluster.write(
                    Self.service("near", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], 10, spec: []), to: "near.yaml")
                try cluster.write(
                    Self.service(
                        "far", clusterIPs: ["10.96.0.11", "fd00:96::11"], 11, spec: ["externalTrafficPolicy: Local"]),
                    to: "far.yaml")
                for detector in Self.detectors {
                    let daemon = try await cluster.startDaemonOnly(detector + ["--virtual-ips", virtualIPs])
                    try await daemon.waitForFirstPass()
                    for (hosts, overlay) in [
                        (["10.96.0.10", "203.0.113.10", "203.0.114.10", "192.168.60.10:30010"], "10.244.1.0"),
                        (["10.96.0.11", "203.0.113.11", "203.0.114.11"], "10.244.1.0"),
                        (
                            ["[fd00:10:96::10]", "[fd00:113::10]", "[fd00:114::10]", "[fd00:60::10]:30010"],
                            "fd00:10:244:1::"
                        ),
                        (["[fd00:96::11]", "[fd00:113::11]", "[fd00:114::11]"], "fd00:10:244:1::"),
                    ] {
                        let seen = try await cluster.clientsSeen(at: hosts.map { "http://\($0)/" }, from: .node)
                        #expect(seen == [overlay], "\(detector) \(hosts)")
                    }
                    try await daemon.stop()
                }
            }
        }

        /// How many packets the node has dropped because their way back is another interface.
        private static func dropped(_ cluster: Cluster) async throws -> Int? {
            let script =
                #"/^TcpExt/ { if (n++) print $c; else for (i = 1; i <= NF; i++) if ($i == "IPReversePathFilter") c = i }"#
            return Int(try await cluster.run(in: .node, "awk", script, "/proc/net/netstat"))
        }

        @Test func `with neither clusterCIDR nor masqueradeAll check explains rp_filter with the node's own routes`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.addSecondNode(overlay: true)
                try await output(of: "ip", "-netns", "node", "route", "add", "default", "via", "198.51.100.7")
                try await output(of: "ip", "-netns", "node-2", "address", "add", "203.0.113.77/32", "dev", "lo")
                try cluster.write(Manifest.node, to: "node.yaml")
                let check = {
                    try await cluster.run(
                        in: .node,
                        ["bash", "-c", #""$@" || true"#, "-", Daemon.path, "check"] + cluster.daemonFlags
                            + ["--cluster-cidr", ""])
                }
                let words =
                    "Of what comes by overlay, the kernel takes sources in 10.244.2.0/24 alone: the default route is by wan. "
                    + "If other nodes send by overlay, set net.ipv4.conf.overlay.rp_filter to 2"
                let strict = try await check()
                #expect(strict.contains(words), "\(strict)")

                // So it is, and so it is mended.
                let send = {
                    _ = try await command(
                        "ip", "netns", "exec", "node-2", "bash", "-c",
                        "curl --silent --max-time 1 --interface 203.0.113.77 http://10.244.1.0:9/ || true")
                }
                let before = try #require(try await Self.dropped(cluster))
                try await send()
                let after = try #require(try await Self.dropped(cluster))
                #expect(after > before)
                try await cluster.run(in: .node, "sysctl", "-q", "-w", "net.ipv4.conf.overlay.rp_filter=2")
                try await send()
                #expect(try await Self.dropped(cluster) == after)
                #expect(try await !check().contains("comes by overlay"))
            }
        }
    }
}
