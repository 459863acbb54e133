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

        /// Starts a client that sends a datagram, says who answered, and once it is told to does it again from the same socket.
        private func startClient(
            of address: String, port: Int, in cluster: Cluster
        ) async throws -> (program: RunningProgram, goOn: () throws -> Void) {
            let script = """
                exec 3<>"/dev/udp/$0/$1"
                for number in 1 2; do
                    # Not bash's own "read": it takes a datagram byte by byte, which is its first byte alone.
                    echo who >&3; answer=$(timeout 5 head -n 1 <&3) || true
                    echo "$number ${answer:-nobody}"
                    until [ -e "$2/again" ]; do sleep 0.02; done
                done
                """
            let words = ["ip", "netns", "exec", "client", "bash", "-c", script, address, "\(port)", cluster.folder]
            let program = try await cluster.start(words, log: "client.log")
            return (program, { try "".write(toFile: cluster.folder + "/again", atomically: true, encoding: .utf8) })
        }

        @Test(arguments: [
            ("10.96.0.53", 53), ("fd00:10:96::53", 53), ("192.168.50.10", 30053), ("fd00:50::10", 30053),
            ("203.0.114.53", 53), ("fd00:114::53", 53), ("203.0.113.53", 53), ("fd00:113::53", 53),
        ])
        func `the first datagram after its endpoint left is answered by another one`(
            address: String, port: Int
        ) async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.udp, in: [.pod1, .pod2], port: 5353)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(dns(["10.244.1.11", "fd00:10:244:1::11"]), to: "dns.yaml")
                _ = try await cluster.startDaemon()

                let (client, goOn) = try await startClient(of: address, port: port, in: cluster)
                try await eventually("pod-1 answers") { try client.output().contains("1 pod-1") }

                try cluster.write(dns(["10.244.1.12", "fd00:10:244:1::12"]), to: "dns.yaml")
                try await eventually("the flow ends that pod-1 answers") {
                    let family = address.contains(".") ? "ipv4" : "ipv6"
                    let flows = try await cluster.run(in: .node, "conntrack", "-L", "-f", family, "-p", "udp")
                    return !flows.contains("dport=\(port) ")
                }
                try goOn()
                try await eventually("somebody answers") { try client.output().contains("\n2 ") }
                #expect(try client.output().contains("\n2 pod-2"))
            }
        }

        /// The kernel tracks its first datagram, which nobody answered, as a flow to the node itself. As long as that lives, IPVS
        /// does not masquerade what the client sends, and answers do not find back.
        @Test(arguments: ["192.168.50.10", "fd00:50::10"])
        func `a client that began before there was a Service is answered once there is one`(
            address: String
        ) async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.udp, in: [.pod1], port: 5353)
                try cluster.write(Manifest.node, to: "node.yaml")
                _ = try await cluster.startDaemon()
                let (client, goOn) = try await startClient(of: address, port: 30053, in: cluster)
                try await eventually("nobody answers") { try client.output().contains("1 nobody") }

                try cluster.write(dns(["10.244.1.11", "fd00:10:244:1::11"]), to: "dns.yaml")
                try await eventually("there is a virtual server") {
                    try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric").contains("]:30053 -r")
                }
                // The flow goes after the virtual server came, in the same pass.
                try await eventually("the old flow is gone") {
                    let family = address.contains(".") ? "ipv4" : "ipv6"
                    return try await !cluster.run(in: .node, "conntrack", "-L", "-f", family, "-p", "udp")
                        .contains("dport=30053 [UNREPLIED]")
                }
                try goOn()
                try await eventually("somebody answers") { try client.output().contains("\n2 ") }
                #expect(try client.output().contains("\n2 pod-1"))
            }
        }
    }
}
