import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs plan` and `kube-ipvs explain` on a node.
    @Suite struct InspectionTests {
        @Test func `a plan is everything before the daemon has run, nothing after, and then what somebody breaks`()
            async throws
        {
            try await Cluster.with { cluster in
                try Self.writeService(to: cluster)
                // Loads IPVS, which `plan` would not do.
                try await cluster.run(in: .node, "ipvsadm", "-Ln")

                let everything = [
                    "bash", "-c",
                    "ipvsadm -Sn; ipset save; for i in ip ip6; do ${i}tables-save | grep ^-; done; ip -brief link",
                ]
                let before = try await cluster.run(in: .node, everything)
                let first = try await Self.run("plan", [], in: cluster)
                #expect(first.status == .exited(2))
                #expect(first.standardOutput.contains("add virtual server TCP 10.96.0.10:80 with scheduler rr\n"))
                #expect(first.standardOutput.contains("bind fd00:10:96::10\n"))
                #expect(try await cluster.run(in: .node, everything) == before)

                let daemon = try await cluster.startDaemon()
                try await daemon.kill()
                let second = try await Self.run("plan", [], in: cluster)
                #expect(second.standardOutput.isEmpty && second.standardError.isEmpty)
                #expect(second.status == .exited(0))

                try await cluster.run(in: .node, "ipvsadm", "-D", "-t", "10.96.0.10:80")
                try await cluster.run(in: .node, "ipset", "del", "KUBE-6-IPVS-IPS", "fd00:10:96::10")
                try await cluster.run(in: .node, "iptables", "-t", "nat", "-F", "KUBE-MARK-MASQ")
                let third = try await Self.run("plan", [], in: cluster)
                #expect(third.status == .exited(2))
                let lines = third.standardOutput.split(separator: "\n")
                #expect(
                    lines.filter { !$0.hasPrefix("iptables-restore: ") } == [
                        "add virtual server TCP 10.96.0.10:80 with scheduler rr",
                        "add real server 10.244.1.11:8080 of weight 1 to TCP 10.96.0.10:80",
                        "add fd00:10:96::10 to KUBE-6-IPVS-IPS",
                    ])
                #expect(lines.contains { $0.contains("-A KUBE-MARK-MASQ -j MARK") })
            }
        }

        @Test func `an explanation names virtual IPs, endpoints and what the kernel has`() async throws {
            try await Cluster.with { cluster in
                try Self.writeService(to: cluster)
                let daemon = try await cluster.startDaemon()
                try await cluster.run(
                    in: .node, "ipvsadm", "-e", "-t", "10.96.0.10:80", "-r", "10.244.1.11:8080", "-m", "-w", "7")
                let answer = try await Self.run("explain", ["test/web:80"], in: cluster)
                try await daemon.stop()
                #expect(answer.status == .exited(0))
                #expect(
                    answer.standardOutput == """
                        Service test/web
                          IPv4 port test/web:main (TCP)
                            cluster IP TCP 10.96.0.10:80: 1 of the cluster list
                              kernel: has real server 10.244.1.11:8080 with weight 7, not 1
                            endpoint 10.244.1.11:8080 on this node: cluster list: ready; \
                        local list: no traffic policy uses the list
                          IPv6 port test/web:main (TCP)
                            cluster IP TCP [fd00:10:96::10]:80: 1 of the cluster list
                              kernel: as planned, 0 active connections
                            endpoint [fd00:10:244:1::11]:8080 on this node: cluster list: ready; \
                        local list: no traffic policy uses the list

                        """)

                let missing = try await Self.run("explain", ["test/nope"], in: cluster)
                #expect(missing.status == .exited(1))
                #expect(missing.standardError == "there is no Service test/nope\n")
            }
        }

        private static func writeService(to cluster: Cluster) throws {
            try cluster.write(
                Manifest.service(
                    "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                    endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                to: "web.yaml")
        }

        private struct Answer {
            var status: TerminationStatus
            var standardOutput: String
            var standardError: String
        }

        private static func run(_ name: String, _ arguments: [String], in cluster: Cluster) async throws -> Answer {
            let words = ["netns", "exec", "node", Daemon.path, name] + cluster.daemonFlags + arguments
            let result = try await Subprocess.run(
                .name("ip"), arguments: Arguments(words), output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20))
            return Answer(
                status: result.terminationStatus, standardOutput: result.standardOutput,
                standardError: result.standardError)
        }
    }
}
