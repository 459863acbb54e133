// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SystemTesting
import Testing

extension TrafficSuite {
    /// A client that sends datagrams from one socket for ever: to the kernel that is one flow without an end.
    @Suite struct DatagramTests {
        private func dns(_ endpoints: [String]) -> String {
            Manifest.service(
                "dns", type: "LoadBalancer", clusterIPs: ["10.96.0.53", "fd00:10:96::53"],
                ports: [.init(transport: "UDP", port: 53, target: 5353, nodePort: 30053)], endpoints: endpoints,
                spec: [#"externalIPs: ["203.0.114.53", "fd00:114::53"]"#],
                loadBalancerVIPs: ["203.0.113.53", "fd00:113::53"])
        }

        /// A client that sends a datagram, says who answered, and once it is told to does it again from the same socket.
        private struct Client {
            var address: String
            var port: Int
            var program: RunningProgram

            init(of address: String, port: Int, in cluster: Cluster) async throws {
                let script = """
                    exec 3<>"/dev/udp/$0/$1"
                    for number in 1 2; do
                        # Not bash's own "read": it takes a datagram byte by byte, which is its first byte alone.
                        echo who >&3; answer=$(timeout 5 head -n 1 <&3) || true
                        echo "$number ${answer:-nobody}"
                        until [ -e "$2/again" ]; do sleep 0.1; done
                    done
                    """
                let words = ["ip", "netns", "exec", "client", "bash", "-c", script, address, "\(port)", cluster.folder]
                self.address = address
                self.port = port
                program = try await cluster.start(words, log: "client-\(UUID().uuidString.prefix(8)).log")
            }

            func waitForAnswer(_ number: Int) async throws -> String {
                let start = "\(number) "
                try await eventually("\(address) port \(port) answers or not") { try answer(start) != nil }
                return try answer(start) ?? ""
            }

            private func answer(_ start: String) throws -> String? {
                let line = try program.output().split(separator: "\n").first { $0.hasPrefix(start) }
                return line?.split(separator: " ").dropFirst().first.map(String.init)
            }

            /// Its flows as conntrack lists them.
            func flows(in cluster: Cluster) async throws -> [Substring] {
                let family = address.contains(".") ? "ipv4" : "ipv6"
                return try await cluster.run(in: .node, "conntrack", "-L", "-f", family, "-p", "udp")
                    .split(separator: "\n").filter { $0.contains("dport=\(port) ") }
            }
        }

        private func goOn(_ cluster: Cluster) throws {
            try "".write(toFile: cluster.folder + "/again", atomically: true, encoding: .utf8)
        }

        @Test func `at every virtual IP the first datagram after its endpoint left is answered by another one`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.udp, in: [.pod1, .pod2], port: 5353)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(dns(["10.244.1.11", "fd00:10:244:1::11"]), to: "dns.yaml")
                _ = try await cluster.startDaemon()

                var clients: [Client] = []
                for (address, port) in [
                    ("10.96.0.53", 53), ("fd00:10:96::53", 53), ("192.168.50.10", 30053), ("fd00:50::10", 30053),
                    ("203.0.114.53", 53), ("fd00:114::53", 53), ("203.0.113.53", 53), ("fd00:113::53", 53),
                ] {
                    clients.append(try await Client(of: address, port: port, in: cluster))
                }
                for client in clients { #expect(try await client.waitForAnswer(1) == "pod-1", "\(client.address)") }

                try cluster.write(dns(["10.244.1.12", "fd00:10:244:1::12"]), to: "dns.yaml")
                for client in clients {
                    try await eventually("the flow ends that pod-1 answers") {
                        try await client.flows(in: cluster).isEmpty
                    }
                }
                try goOn(cluster)
                for client in clients { #expect(try await client.waitForAnswer(2) == "pod-2", "\(client.address)") }
            }
        }

        /// The kernel tracks its first datagram, which nobody answered, as a flow to the node itself. As long as that lives, IPVS
        /// does not masquerade what the client sends, and answers do not find back.
        @Test func `a client that began before there was a Service is answered once there is one`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.udp, in: [.pod1], port: 5353)
                try cluster.write(Manifest.node, to: "node.yaml")
                _ = try await cluster.startDaemon()
                var clients: [Client] = []
                for address in ["192.168.50.10", "fd00:50::10"] {
                    clients.append(try await Client(of: address, port: 30053, in: cluster))
                }
                for client in clients { #expect(try await client.waitForAnswer(1) == "nobody", "\(client.address)") }

                try cluster.write(dns(["10.244.1.11", "fd00:10:244:1::11"]), to: "dns.yaml")
                for client in clients {
                    try await eventually("there is a virtual server") {
                        let server = client.address.contains(":") ? "[\(client.address)]" : client.address
                        return try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                            .contains("\(server):30053 -r")
                    }
                    // The flow goes after the virtual server came, in the same pass.
                    try await eventually("the old flow is gone") {
                        try await !client.flows(in: cluster).contains { $0.contains("dport=30053 [UNREPLIED]") }
                    }
                }
                try goOn(cluster)
                for client in clients { #expect(try await client.waitForAnswer(2) == "pod-1", "\(client.address)") }
            }
        }
    }
}
