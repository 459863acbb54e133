// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs cleanup` takes away what is ours, on a node where others have put objects of each kind too.
    @Suite struct CleanupTests {
        private static let programs = ["iptables", "ip6tables"]

        /// Everything in the node's kernel that a cleanup could touch.
        private struct Everything: Equatable {
            var lines: [String]

            init(of cluster: Cluster, _ variants: [String]) async throws {
                var commands = [
                    ["ipvsadm", "--save", "--numeric"], ["ipset", "save"], ["ip", "-oneline", "address"],
                    ["ip", "-oneline", "link"], ["ip", "-4", "route", "show", "table", "local"],
                    ["ip", "-6", "route", "show", "table", "local"],
                ]
                for program in CleanupTests.programs {
                    commands += variants.map { ["\(program)-\($0)-save"] }
                }
                lines = []
                for command in commands {
                    let output = try await cluster.run(in: .node, command)
                    lines += stableLines(of: output).map { "\(command[0]): \($0)" }
                }
            }

            func differences(from other: Everything) -> [String] {
                lines.filter { !other.lines.contains($0) }.map { "+ \($0)" }
                    + other.lines.filter { !lines.contains($0) }.map { "- \($0)" }
            }
        }

        /// Objects of each kind, some of them with names and addresses close to ours.
        private func writeForeignObjects(to cluster: Cluster, _ variants: [String]) async throws {
            var script = """
                set -e
                ipvsadm -A -t 172.16.0.1:80 -s wlc -p 100; ipvsadm -a -t 172.16.0.1:80 -r 172.16.0.2:80 -m
                ipvsadm -A -u [fd99::1]:53 -s rr; ipvsadm -A -f 7 -s rr
                ipset create KUBE-OTHERS hash:ip; ipset add KUBE-OTHERS 10.96.0.10
                ipset create KUBE-CLUSTER-IPS hash:ip,port family inet6
                ip link add kube-ipvs1 type dummy; ip address add 172.16.0.1/32 dev kube-ipvs1
                ip route add local 172.16.0.2 dev lo table local proto 116; ip route add 172.16.0.3 dev lan proto 117

                """
            for program in Self.programs {
                for variant in variants {
                    script += """
                        \(program)-\(variant)-restore --noflush <<END
                        \(foreignRules)
                        END

                        """
                }
            }
            try await cluster.run(in: .node, "bash", "-c", script)
        }

        private func writeServices(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            for (number, transport) in ["TCP", "UDP", "SCTP"].enumerated() {
                try cluster.write(
                    Manifest.service(
                        "service-\(number)", type: "LoadBalancer",
                        clusterIPs: ["10.96.1.\(number)", "fd00:10:96::1:\(number)"],
                        ports: [.init(transport: transport, port: 80, target: 8080, nodePort: 30000 + number)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"],
                        spec: ["loadBalancerSourceRanges: [192.168.50.0/24]", "externalIPs: [203.0.114.\(number)]"],
                        loadBalancerVIPs: ["203.0.113.\(number)"]),
                    to: "service-\(number).yaml")
            }
        }

        /// As on a node whose iptables was another variant once.
        private func copyRulesToOtherVariant(of cluster: Cluster) async throws {
            for program in Self.programs {
                try await cluster.run(
                    in: .node, "bash", "-c",
                    """
                    from=nft; to=legacy
                    \(program)-nft-save | grep -q KUBE-SERVICES || { from=legacy; to=nft; }
                    \(program)-$from-save | grep -E '^\\*|^COMMIT|KUBE-[A-EG-Z]|KUBE-FORWARD' | \(program)-$to-restore --noflush
                    \(program)-$to-save | grep -q KUBE-SERVICES
                    """)
            }
        }

        private func cleanUp(_ cluster: Cluster, _ options: String...) async throws -> String {
            try await cluster.run(in: .node, [Daemon.path] + options)
        }

        @Test(arguments: [["cleanup"], ["--cleanup"]])
        func `what the daemon made is gone, and what others made is as before`(command: [String]) async throws {
            try await Cluster.with { cluster in
                let variants = try await cluster.iptablesVariants()
                try #require(!variants.isEmpty)
                try await writeForeignObjects(to: cluster, variants)
                let before = try await Everything(of: cluster, variants)
                try writeServices(to: cluster)
                let daemon = try await cluster.startDaemon("--ipvs-exclude-cidrs", "172.16.0.0/16,fd99::/64")
                try await daemon.stop()
                if variants.count == 2 { try await copyRulesToOtherVariant(of: cluster) }

                let said = try await cluster.run(in: .node, [Daemon.path] + command)
                #expect(try await Everything(of: cluster, variants).differences(from: before) == [])
                // Node ports are served at three addresses of the node for IPv4, and at two for IPv6.
                let servers = 3 * (2 + 1 + 1 + 3 + 2)
                #expect(
                    said.split(separator: "\n") == [
                        "removed 1 link",
                        Cluster.virtualIPs == "routes" ? "removed 12 local routes" : "removed 12 addresses",
                        "removed \(servers) virtual servers",
                        "removed \(18 * variants.count) jumps", "removed \(22 * variants.count) chains",
                        "removed 34 sets",
                    ])
                #expect(try await cluster.run(in: .node, [Daemon.path] + command) == "nothing to remove")
            }
        }

        @Test func `a dry run of cleanup says what cleanup removes, and removes nothing`() async throws {
            try await Cluster.with { cluster in
                let variants = try await cluster.iptablesVariants()
                try await writeForeignObjects(to: cluster, variants)
                try writeServices(to: cluster)
                let daemon = try await cluster.startDaemon("--ipvs-exclude-cidrs", "172.16.0.0/16,fd99::/64")
                try await daemon.stop()

                let before = try await Everything(of: cluster, variants)
                let rehearsed = try await cleanUp(cluster, "cleanup", "--dry-run").split(separator: "\n")
                #expect(try await Everything(of: cluster, variants).differences(from: before) == [])
                #expect(rehearsed.contains("would remove virtual server TCP 10.96.1.0:80"))
                #expect(rehearsed.contains("would remove set KUBE-CLUSTER-IP"))
                let counts = rehearsed.filter {
                    $0.split(separator: " ").dropFirst(2).first?.allSatisfy(\.isNumber) == true
                }
                let removed = try await cleanUp(cluster, "cleanup").split(separator: "\n")
                #expect(counts.map { $0.replacing("would remove", with: "removed") } == removed)
                #expect(try await cleanUp(cluster, "cleanup", "--dry-run") == "nothing to remove")
            }
        }

        @Test func `an excluded network is left alone, wherever it is named`() async throws {
            try await Cluster.with { cluster in
                try writeServices(to: cluster)
                let daemon = try await cluster.startDaemon()
                try await daemon.stop()
                try await cluster.run(in: .node, "ipvsadm", "-A", "-t", "10.96.1.0:9999", "-s", "rr")
                try
                    "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nipvs: {excludeCIDRs: [10.96.1.0/32]}\n"
                    .write(toFile: cluster.folder + "/config", atomically: true, encoding: .utf8)

                _ = try await cleanUp(
                    cluster, "cleanup", "--exclude-cidrs", "203.0.113.0/24", "--config", cluster.folder + "/config")
                let left = try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric").split(separator: "\n")
                    .filter { $0.hasPrefix("-A") }.map { $0.split(separator: " ")[2] }.sorted()
                #expect(
                    left == ["10.96.1.0:80", "10.96.1.0:9999", "203.0.113.0:80", "203.0.113.1:80", "203.0.113.2:80"])
            }
        }

        @Test func `a link of that name that is no dummy stays, and a set in use fails alone`() async throws {
            try await Cluster.with { cluster in
                try writeServices(to: cluster)
                let daemon = try await cluster.startDaemon()
                try await daemon.stop()
                try await cluster.run(in: .node, "ip", "link", "delete", "kube-ipvs0")
                try await cluster.run(in: .node, "ip", "link", "add", "kube-ipvs0", "type", "bridge")
                let rule = ["OUTPUT", "-m", "set", "--match-set", "KUBE-CLUSTER-IP", "dst", "-j", "ACCEPT"]
                try await cluster.run(in: .node, ["iptables", "-A"] + rule)

                let failure = await #expect(throws: CommandFailure.self) { try await cleanUp(cluster, "cleanup") }
                #expect(failure?.standardError.contains("KUBE-CLUSTER-IP") == true, "\(String(describing: failure))")
                #expect(try await cluster.run(in: .node, "ipset", "list", "-name") == "KUBE-CLUSTER-IP")
                #expect(try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric") == "")
                #expect(try await cluster.run(in: .node, "ip", "link").contains("kube-ipvs0"))

                try await cluster.run(in: .node, ["iptables", "-D"] + rule)
                let said = try await cleanUp(cluster, "cleanup")
                #expect(
                    said.split(separator: "\n") == [
                        "removed 1 set",
                        "left alone: the link kube-ipvs0, which is of kind bridge and not a dummy",
                    ])
            }
        }

        @Test func `on a node that never had a daemon there is nothing to remove`() async throws {
            try await Cluster.with { cluster in
                let said = try await cleanUp(cluster, "cleanup")
                #expect(said == "nothing to remove")
            }
        }
    }
}
