// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs plan` and `explain` on a node; `InspectionTests+Check.swift` has `check`.
    @Suite struct InspectionTests {
        @Test func `a plan is everything before the daemon has run, nothing after, and then what somebody breaks`()
            async throws
        {
            try await Cluster.with { cluster in
                try Self.writeService(to: cluster)
                // Loads IPVS, which `plan` would not do.
                try await cluster.run(in: .node, "ipvsadm", "-Ln")

                let before = try await Self.everything(in: cluster)
                let first = try await Self.run("plan", [], in: cluster)
                #expect(first.status == .exited(2))
                #expect(first.standardOutput.contains("add virtual server TCP 10.96.0.10:80 with scheduler rr\n"))
                #expect(first.standardOutput.contains("bind fd00:10:96::10\n"))
                #expect(try await Self.everything(in: cluster) == before)

                let daemon = try await cluster.startDaemon()
                try await daemon.kill()
                let second = try await Self.run("plan", [], in: cluster)
                #expect(second.standardOutput == "no changes\n" && second.standardError.isEmpty)
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
                        "4 changes: 1 set entry, 1 rule, 1 virtual server, 1 real server",
                    ])
                #expect(lines.contains { $0.contains("-A KUBE-MARK-MASQ -j MARK") })
            }
        }

        @Test func `an explanation has a verdict, virtual IPs, endpoints and what the kernel has`() async throws {
            try await Cluster.with { cluster in
                try Self.writeService(to: cluster)
                let daemon = try await cluster.startDaemon()
                let good = try await Self.run("explain", ["test/web"], in: cluster)
                #expect(good.standardOutput.hasPrefix("Service test/web works\n"), "\(good.standardOutput)")
                #expect(good.status == .exited(0))
                let all = try await Self.run("explain", ["--all"], in: cluster)
                #expect(all.standardOutput == "0 of 1 Services are not as they should be\n")
                #expect(all.status == .exited(0))

                try await daemon.stop()
                try await cluster.run(
                    in: .node, "ipvsadm", "-e", "-t", "10.96.0.10:80", "-r", "10.244.1.11:8080", "-m", "-w", "7")
                let answer = try await Self.run("explain", ["test/web:80"], in: cluster)
                #expect(answer.status == .exited(1))
                #expect(
                    answer.standardOutput == """
                        Service test/web does not work as it should: cluster IP TCP 10.96.0.10:80: \
                        the kernel has real server 10.244.1.11:8080 with weight 7, not 1
                          IPv4 port test/web:main (TCP)
                            cluster IP TCP 10.96.0.10:80: 1 endpoint
                              kernel: has real server 10.244.1.11:8080 with weight 7, not 1
                            endpoint 10.244.1.11:8080 on this node: used
                          IPv6 port test/web:main (TCP)
                            cluster IP TCP [fd00:10:96::10]:80: 1 endpoint
                              kernel: has it as planned, with 0 active connections
                            endpoint [fd00:10:244:1::11]:8080 on this node: used

                        """)

                let missing = try await Self.run("explain", ["test/nope"], in: cluster)
                #expect(missing.status == .exited(1))
                #expect(missing.standardError == "there is no Service test/nope\n")
            }
        }

        @Test
        func `an explanation tells of an unbound address, a set entry and a rule that are gone, and of which Services`()
            async throws
        {
            try await Cluster.with { cluster in
                try Self.writeService(to: cluster)
                try cluster.write(
                    Manifest.service(
                        "api", clusterIPs: ["10.96.0.11"], ports: [.init(port: 80, target: 8080)],
                        endpoints: ["10.244.1.12"]),
                    to: "api.yaml")
                let daemon = try await cluster.startDaemon()
                try await daemon.stop()
                try await cluster.run(in: .node, "ip", "address", "del", "10.96.0.10/32", "dev", "kube-ipvs0")
                try await cluster.run(in: .node, "ipset", "del", "KUBE-CLUSTER-IP", "10.96.0.10,tcp:80")
                let web = try await Self.run("explain", ["test/web"], in: cluster)
                #expect(web.status == .exited(1))
                #expect(
                    web.standardOutput.hasPrefix(
                        "Service test/web does not work as it should: the kernel lacks what belongs to it: "
                            + "the daemon would add 10.96.0.10,tcp:80 to KUBE-CLUSTER-IP, and 1 more\n"))
                #expect(web.standardOutput.contains("\nkernel: the daemon would bind 10.96.0.10\n"))
                let api = try await Self.run("explain", ["test/api"], in: cluster)
                #expect(api.standardOutput.hasPrefix("Service test/api works\n"))

                let all = try await Self.run("explain", ["--all", "-o", "json"], in: cluster)
                #expect(all.status == .exited(1))
                let names = try await Self.json(
                    all.standardOutput, "join(',', map { $_->{name} } @{$j{services}}), ' of ', $j{serviceCount}")
                #expect(names == "web of 2")

                try await cluster.run(in: .node, "iptables", "-t", "nat", "-F", "KUBE-MARK-MASQ")
                let broken = try await Self.run("explain", ["test/api"], in: cluster)
                #expect(
                    broken.standardOutput.hasPrefix(
                        "Service test/api does not work as it should: this node is not as any Service needs it: 1 change: 1 rule to be made"
                    ))
            }
        }

        /// What a Perl expression makes of a JSON document, `%j`.
        static func json(_ text: String, _ expression: String) async throws -> String {
            let script = #"my %j = %{decode_json(join('', <STDIN>))}; print "# + expression
            return try await command(["perl", "-MJSON::PP", "-e", script], input: text)
        }

        /// What a command that is to write nothing must leave as it was.
        static func everything(in cluster: Cluster) async throws -> String {
            try await cluster.run(
                in: .node, "bash", "-c",
                """
                ipvsadm -Sn; ipset save; for i in ip ip6; do ${i}tables-save | grep ^-; done
                ip -brief link; ip -brief address; sysctl -a -r 'vs|nf_conntrack_tcp|ip_forward' 2>/dev/null
                """)
        }

        static func writeService(to cluster: Cluster) throws {
            try cluster.write(
                Manifest.service(
                    "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                    endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                to: "web.yaml")
        }

        struct Answer {
            var status: TerminationStatus
            var standardOutput: String
            var standardError: String
        }

        static func run(
            _ name: String,
            _ arguments: [String],
            in cluster: Cluster,
            through wrapper: [String] = []
        ) async throws -> Answer {
            let words = ["netns", "exec", "node"] + wrapper + [Daemon.path, name] + cluster.daemonFlags + arguments
            let result = try await Subprocess.run(
                .name("ip"), arguments: Arguments(words), output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20))
            return Answer(
                status: result.terminationStatus, standardOutput: result.standardOutput,
                standardError: result.standardError)
        }
    }
}
