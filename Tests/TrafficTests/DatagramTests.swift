import FoundationEssentials
import SystemTesting
import Testing

extension TrafficSuite {
    /// A client that sends datagrams from one socket for ever: to the kernel that is one flow without an end.
    @Suite struct DatagramTests {
        private func dns(_ endpoints: [String]) -> String {
            Manifest.service(
                "dns", type: "NodePort", clusterIPs: ["10.96.0.53", "fd00:10:96::53"],
                ports: [.init(transport: "UDP", port: 53, target: 5353, nodePort: 30053)], endpoints: endpoints)
        }

        @Test(arguments: [("10.96.0.53", 53), ("fd00:10:96::53", 53), ("192.168.50.10", 30053)])
        func `the first datagram after its endpoint left is answered by another one`(
            address: String, port: Int
        ) async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.udp, in: [.pod1, .pod2], port: 5353)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(dns(["10.244.1.11", "fd00:10:244:1::11"]), to: "dns.yaml")
                _ = try await cluster.startDaemon()

                // Sends a datagram, says who answered, and goes on when it is told to.
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
                let client = try await cluster.start(words, log: "client.log")
                try await eventually("pod-1 answers") { try client.output().contains("1 pod-1") }

                try cluster.write(dns(["10.244.1.12", "fd00:10:244:1::12"]), to: "dns.yaml")
                try await eventually("the flow ends that pod-1 answers") {
                    let family = address.contains(".") ? "ipv4" : "ipv6"
                    let flows = try await cluster.run(in: .node, "conntrack", "-L", "-f", family, "-p", "udp")
                    return !flows.contains("dport=\(port) ")
                }
                try "".write(toFile: cluster.folder + "/again", atomically: true, encoding: .utf8)
                try await eventually("somebody answers") { try client.output().contains("\n2 ") }
                #expect(try client.output().contains("\n2 pod-2"))
            }
        }
    }
}
