// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// What the daemon does about the node itself: its settings, its addresses, and its own end.
    @Suite struct NodeTests {
        private func writeService(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "web", type: "NodePort", clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
                    ports: [.init(port: 80, target: 8080, nodePort: 30080)],
                    endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                to: "web.yaml")
        }

        @Test func `a setting of the kernel that somebody changes comes back within the sync period`() async throws {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                let daemon = try await cluster.startDaemon(
                    "--ipvs-sync-period", "1s", "--ipvs-strict-arp", "--conntrack-tcp-be-liberal")
                let wanted = [
                    "net.ipv4.vs.conntrack": "1", "net.ipv4.vs.expire_nodest_conn": "1",
                    "net.ipv4.vs.expire_quiescent_template": "1", "net.ipv4.ip_forward": "1",
                    "net.ipv4.conf.all.arp_ignore": "1", "net.ipv4.conf.all.arp_announce": "2",
                    "net.netfilter.nf_conntrack_tcp_timeout_established": "86400",
                    "net.netfilter.nf_conntrack_tcp_timeout_close_wait": "3600",
                    "net.netfilter.nf_conntrack_tcp_be_liberal": "1",
                ]
                for (key, value) in wanted {
                    #expect(try await cluster.run(in: .node, "sysctl", "-n", key) == value, "\(key)")
                }

                try await cluster.run(
                    in: .node, "sysctl", "-q", "-w", "net.ipv4.vs.conntrack=0", "net.ipv4.conf.all.arp_announce=0")
                try await eventually("both settings are back") {
                    try await cluster.run(
                        in: .node, "sysctl", "-n", "net.ipv4.vs.conntrack", "net.ipv4.conf.all.arp_announce") == "1\n2"
                }
                try await daemon.waitForLog(containing: "sysctl=2")
            }
        }

        @Test func `SIGTERM ends the daemon within two seconds, and leaves what it programmed`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try writeService(to: cluster)
                let daemon = try await cluster.startDaemon()
                let before = try await KernelState(of: cluster)
                try await output(of: "kill", "-TERM", String(daemon.program.identifier))
                try await eventually("the daemon ends", within: .seconds(2)) { !daemon.program.isRunning }

                #expect(try await KernelState(of: cluster).differences(from: before).isEmpty)
                let answers = try await cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 1)
                #expect(answers == ["pod-1"])
            }
        }

        @Test
        func `an address that somebody removes from the dummy link is back within a second, and one added is gone`()
            async throws
        {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                let daemon = try await cluster.startDaemon("--ipvs-sync-period", "1h", "--virtual-ips", "addresses")
                func addresses() async throws -> String {
                    try await cluster.run(in: .node, "ip", "-oneline", "address", "show", "dev", "kube-ipvs0")
                }
                for (own, foreign) in [
                    ("10.96.0.10/32", "10.96.99.99/32"), ("fd00:10:96::10/128", "fd00:10:96::9999/128"),
                ] {
                    #expect(try await addresses().contains(" \(own) "))
                    try await cluster.run(in: .node, "ip", "address", "del", own, "dev", "kube-ipvs0")
                    try await eventually("\(own) is back", within: .seconds(1)) {
                        try await addresses().contains(" \(own) ")
                    }
                    try await cluster.run(in: .node, "ip", "address", "add", foreign, "dev", "kube-ipvs0", "nodad")
                    try await eventually("\(foreign) is gone", within: .seconds(1)) {
                        try await !addresses().contains(" \(foreign) ")
                    }
                }
                try await cluster.run(in: .node, "ip", "link", "del", "kube-ipvs0")
                try await eventually("the link is back", within: .seconds(1)) {
                    // While there is no link, the program fails.
                    let shown = try? await addresses()
                    return shown?.contains(" 10.96.0.10/32 ") == true && shown?.contains(" fd00:10:96::10/128 ") == true
                }
                try await daemon.waitForLog(containing: "repaired what somebody else changed")
            }
        }

        /// The link to the pod has no address of its own, and of all of the node's this virtual IP is closest to the pod's.
        @Test func `what is masqueraded comes from an address of the node, and from no virtual IP`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "near", clusterIPs: ["fd00:10:244:1::99"], ports: [.init(port: 80, target: 8080)],
                        endpoints: ["fd00:10:244:1::11"]),
                    to: "near.yaml")
                _ = try await cluster.startDaemon()
                let url = "http://[fd00:10:244:1::99]/"
                let answer = try await cluster.run(
                    in: .client, "curl", "--silent", "--globoff", "--max-time", "10", url)
                #expect(answer.hasPrefix("pod-1 answers fd00:5"), "\(answer)")
            }
        }

        /// As keepalived moves one from node to node.
        @Test func `an address that comes to the node serves node ports within a second, and one that goes no more`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try writeService(to: cluster)
                _ = try await cluster.startDaemon()
                for (address, server, url) in [
                    ("192.168.50.77/32", "192.168.50.77:30080", "http://192.168.50.77:30080/"),
                    ("fd00:50::77/128", "[fd00:50::77]:30080", "http://[fd00:50::77]:30080/"),
                ] {
                    func isServed() async throws -> Bool {
                        try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric").contains(server)
                    }
                    #expect(try await !isServed())
                    try await cluster.run(in: .node, "ip", "address", "add", address, "dev", "lan", "nodad")
                    try await eventually("\(server) is served", within: .seconds(1), isServed)
                    let answers = try await cluster.answers(to: url, from: .client, requests: 1)
                    #expect(answers == ["pod-1"])
                    try await cluster.run(in: .node, "ip", "address", "del", address, "dev", "lan")
                    try await eventually("\(server) is gone", within: .seconds(1)) { try await !isServed() }
                }
            }
        }
    }
}
