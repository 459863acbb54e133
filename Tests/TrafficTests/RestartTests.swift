// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// The kernel's state belongs to the node and not to the process: daemons end and begin without traffic noticing.
    @Suite struct RestartTests {
        /// A hundred Services of mixed kinds, with two endpoints each.
        private func writeManyServices(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            for number in 1...100 {
                let kind = ["ClusterIP", "NodePort", "LoadBalancer", "ClusterIP"][number % 4]
                let port = Manifest.Port(
                    transport: number % 5 == 0 ? "UDP" : "TCP", port: 80, target: 8080,
                    nodePort: kind == "ClusterIP" ? nil : 30000 + number)
                try cluster.write(
                    Manifest.service(
                        "service-\(number)", type: kind, clusterIPs: ["10.96.1.\(number)", "fd00:10:96::1:\(number)"],
                        ports: [port],
                        endpoints: [
                            "10.244.2.\(number)", "10.244.3.\(number)", "fd00:10:244:2::\(number)",
                            "fd00:10:244:3::\(number)",
                        ],
                        spec: kind == "LoadBalancer" ? ["loadBalancerSourceRanges: [192.168.50.0/24]"] : [],
                        loadBalancerVIPs: kind == "LoadBalancer" ? ["203.0.113.\(number)"] : []),
                    to: "service-\(number).yaml")
            }
        }

        @Test func `killed at any moment of the first load, its successor reaches the same state`() async throws {
            let clock = ContinuousClock()
            let (wanted, duration) = try await Cluster.with { cluster in
                try writeManyServices(to: cluster)
                let begin = clock.now
                _ = try await cluster.startDaemon()
                let duration = clock.now - begin
                return (try await KernelState(of: cluster), duration)
            }
            // Two cluster IPs for each Service, with two real servers behind each.
            try #require(wanted.virtualServers.count >= 600)

            let seed = UInt64.random(in: .min ... .max)
            var generator = SeededGenerator(seed: seed)
            for _ in 1...5 {
                let moment = duration * Double.random(in: 0...1, using: &generator)
                try await Cluster.with { cluster in
                    try writeManyServices(to: cluster)
                    let first = try await cluster.startDaemonOnly()
                    try await Task.sleep(for: moment)
                    try await first.kill()

                    _ = try await cluster.startDaemon()
                    let reached = try await KernelState(of: cluster)
                    let differences = reached.differences(from: wanted)
                    #expect(differences.isEmpty, "killed after \(moment) of \(duration), seed \(seed)")
                }
            }
        }

        @Test func `a TCP connection through a virtual IP outlives the daemon and a change beside it`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "echo", clusterIPs: ["10.96.0.7", "fd00:10:96::7"], ports: [.init(port: 7, target: 7)],
                        endpoints: ["10.244.1.11", "10.244.1.12", "fd00:10:244:1::11", "fd00:10:244:1::12"]),
                    to: "echo.yaml")
                let daemon = try await cluster.startDaemon()

                try await cluster.withConnection(to: "10.96.0.7", port: 7) { echoesFour in
                    try await cluster.withConnection(to: "[fd00:10:96::7]", port: 7) { echoesSix in
                        #expect(try await echoesFour("before"))
                        #expect(try await echoesSix("before"))

                        try await daemon.kill()
                        #expect(try await echoesFour("between"))
                        #expect(try await echoesSix("between"))

                        try cluster.write(
                            Manifest.service(
                                "beside", clusterIPs: ["10.96.0.8", "fd00:10:96::8"],
                                ports: [.init(port: 7, target: 7)], endpoints: ["10.244.1.13", "fd00:10:244:1::13"]),
                            to: "beside.yaml")
                        _ = try await cluster.startDaemon()
                        #expect(try await echoesFour("after"))
                        #expect(try await echoesSix("after"))
                    }
                }
            }
        }

        @Test func `a second start with nothing changed writes nothing`() async throws {
            try await Cluster.with { cluster in
                try writeManyServices(to: cluster)
                try await cluster.startDaemon().stop()
                // Rules that are written anew begin to count anew.
                #expect(try await !cluster.connects(to: "10.96.1.1", port: 80, from: .client))
                let before = try await KernelState(of: cluster)
                let countedBefore = try await countedPackets(in: cluster)
                try #require(countedBefore > 0)

                let words = ["ip", "netns", "exec", "node", "ip", "monitor", "address", "link", "route"]
                let monitor = try await cluster.start(words, log: "monitor.log")
                let daemon = try await cluster.startDaemon()
                try await monitor.end(by: "TERM")

                let after = try await KernelState(of: cluster)
                #expect(after.differences(from: before).isEmpty)
                #expect(try await countedPackets(in: cluster) >= countedBefore)
                #expect(try monitor.output() == "")
                let line = try #require(try daemon.firstPass())
                #expect(line.contains(#/ changes=0\b/#), "\(line)")
            }
        }

        /// How many packets have been looked at by the first rule of the chain that all the node's new connections pass.
        private func countedPackets(in cluster: Cluster) async throws -> Int {
            let listing = try await cluster.run(
                in: .node, "iptables", "-t", "nat", "--list", "KUBE-SERVICES", "--numeric", "--verbose", "--exact")
            // Below two lines of headings: the packets, the bytes, the target.
            let packets = listing.split(separator: "\n").dropFirst(2).compactMap { rule in
                rule.split(separator: " ").first.flatMap { Int($0) }
            }
            return packets.reduce(0, +)
        }
    }
}
