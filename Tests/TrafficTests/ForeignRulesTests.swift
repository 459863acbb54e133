// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// What others put into the tables with `nft`, and programs that hang.
    @Suite struct ForeignRulesTests {
        @Test func `a rule that iptables cannot print keeps neither the start nor health from anything`() async throws {
            try await Cluster.with { cluster in
                guard try await cluster.iptablesVariants().contains("nft") else {
                    // Where the kernel has no nf_tables, nobody can put such a rule anywhere.
                    return
                }
                let nft = "nft add rule ip filter other meta mark set mark and 0xff00ffff xor 0x40000"
                try await cluster.run(
                    in: .node, "bash", "-c",
                    "iptables-nft -t mangle -N KUBE-IPTABLES-HINT; iptables-nft -N KEPT; "
                        + "nft add chain ip filter other; \(nft); nft add chain ip nat other; "
                        + "nft add rule ip nat other masquerade")
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                    to: "web.yaml")
                let daemon = try await cluster.startDaemon("--ipvs-sync-period", "1s")
                // From off the cluster's networks it is masqueraded, and no other port of a virtual IP is open.
                #expect(
                    try await cluster.clientsSeen(at: ["http://10.96.0.10/"], from: .client) != ["192.168.50.100"])
                #expect(try await !cluster.connects(to: "10.96.0.10", port: 22, from: .client))

                // On a running node, too.
                try await cluster.run(
                    in: .node, "nft", "insert", "rule", "ip", "filter", "FORWARD", "ct", "state", "new")
                try await cluster.run(in: .node, "iptables-nft", "-F", "KUBE-IPVS-FILTER")
                try await daemon.waitForLog(containing: "repaired what somebody else changed")
                try await Task.sleep(for: .seconds(4))
                let code = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
                for path in ["healthz", "livez"] {
                    #expect(try await cluster.run(in: .node, code + ["http://127.0.0.1:10256/\(path)"]) == "200")
                }
                let said = try daemon.program.output().split(separator: "\n").filter { $0.contains("foreign rules") }
                #expect(said.count <= 2, "\(said)")
                #expect(!said.isEmpty)

                try await daemon.stop()
                try await cluster.run(in: .node, Daemon.path, "cleanup")
                let left = try await cluster.run(in: .node, "bash", "-c", "nft list ruleset")
                #expect(!left.contains("KUBE-SERVICES") && !left.contains("KUBE-IPVS-FILTER"))
                #expect(left.contains("masquerade") && left.contains("0x00040000"))
            }
        }

        @Test func `a program of iptables that hangs ends with the daemon, and leaves nobody behind`() async throws {
            try await Cluster.with { cluster in
                let bin = "\(cluster.folder)/bin"
                let marker = "81818"
                try await cluster.run(
                    in: .node, "bash", "-c",
                    """
                    mkdir -p \(bin)
                    for name in iptables{,-nft,-legacy} ip6tables{,-nft,-legacy}; do
                    printf '%s\\n' '#!/bin/bash' 'trap "" TERM' 'sleep \(marker) & sleep \(marker) & wait; sleep \(marker)' \
                    >\(bin)/$name-restore
                    done
                    chmod +x \(bin)/*
                    """)
                try cluster.write(Manifest.node, to: "node.yaml")
                let words = [
                    "ip", "netns", "exec", "node", "env", "PATH=\(bin):/usr/sbin:/sbin:/usr/bin:/bin", Daemon.path,
                ]
                let program = try await cluster.start(words + ["run"] + cluster.daemonFlags, log: "daemon-hang.log")
                let count = { () async throws -> Int in
                    let text = try await cluster.run(in: .node, "bash", "-c", "pgrep -fc '^sleep \(marker)' || true")
                    return Int(text) ?? -1
                }
                try await eventually("the program hangs") { try await count() >= 2 }
                try await program.end(by: "TERM")
                try await eventually("nothing is left", within: .seconds(5)) { try await count() == 0 }
            }
        }
    }
}
