// SPDX-License-Identifier: GPL-2.0-or-later
import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs diag` on a node.
    @Suite struct DiagnosisTests {
        @Test func `an archive of a node has what the commands say, and changes nothing`() async throws {
            try await Cluster.with { cluster in
                try NodeCommand.write("web", "10.96.0.10", pods: ["10.244.1.11"], to: cluster)
                _ = try await cluster.startDaemon()
                let before = try await cluster.run(
                    in: .node, "bash", "-c", "ipvsadm -Sn; ipset save; ip -brief address")
                let file = "\(cluster.folder)/diag.tar"
                let diag = try await NodeCommand.run(["diag", "--file", file] + cluster.daemonFlags, in: cluster)
                #expect(diag.status == .exited(0), "\(diag.errors)")
                func part(_ name: String) async throws -> String {
                    try await command("tar", "-xOf", file, "kube-ipvs-diag/\(name)")
                }
                #expect(try await part("status.txt").hasPrefix("node node-1 is as it should be\n"))
                #expect(try await part("servers.txt").contains("web-0 on node-1 in zone-a"))
                #expect(try await part("counters.txt").contains("TCP  10.96.0.10:80"))
                let plan = try await part("plan.txt")
                #expect(plan == "no changes\n", "\(plan)")
                #expect(try await part("sets.txt").contains("10.96.0.10,tcp:80"))
                #expect(try await part("rules-IPv4.txt").contains("KUBE-SERVICES"))
                #expect(try await part("addresses.txt").contains("# of the dummy link\n10.96.0.10\n"))
                #expect(try await part("sysctls.txt").contains("net/ipv4/vs/conntrack = 1\n"))
                #expect(try await part("check.txt").contains("IPVS"))
                #expect(
                    try await cluster.run(in: .node, "bash", "-c", "ipvsadm -Sn; ipset save; ip -brief address")
                        == before)
            }
        }
    }
}
