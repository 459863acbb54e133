// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs run --dry-run` on a node that kube-proxy keeps.
    @Suite struct DryRunTests {
        /// What kube-proxy 1.36 has beside the rules of `HandoverTests` in any case, and without what a deleted Service has left.
        private static let rest = """
            set -e
            for program in iptables ip6tables; do
                case $program in
                iptables) prefix=KUBE answer=icmp-port-unreachable pod=10.244.1.12 ;;
                ip6tables) prefix=KUBE-6 answer=icmp6-port-unreachable pod=fd00:10:244:1::12 ;;
                esac
                ipset add $prefix-LOOP-BACK $pod,tcp:7,$pod
                ipset create $prefix-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
                $program-restore --noflush <<RULES
            *filter
            :KUBE-NODE-PORT - [0:0]
            :KUBE-PROXY-FIREWALL - [0:0]
            :KUBE-SOURCE-RANGES-FIREWALL - [0:0]
            :KUBE-IPVS-FILTER - [0:0]
            :KUBE-IPVS-OUT-FILTER - [0:0]
            -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set $prefix-HEALTH-CHECK-NODE-PORT dst -j ACCEPT
            -A KUBE-SOURCE-RANGES-FIREWALL -j DROP
            -A KUBE-IPVS-FILTER -m set --match-set $prefix-LOAD-BALANCER dst,dst -j RETURN
            -A KUBE-IPVS-FILTER -m set --match-set $prefix-CLUSTER-IP dst,dst -j RETURN
            -A KUBE-IPVS-FILTER -m set --match-set $prefix-EXTERNAL-IP dst,dst -j RETURN
            -A KUBE-IPVS-FILTER -m set --match-set $prefix-EXTERNAL-IP-LOCAL dst,dst -j RETURN
            -A KUBE-IPVS-FILTER -m set --match-set $prefix-HEALTH-CHECK-NODE-PORT dst -j RETURN
            -A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set $prefix-IPVS-IPS dst -j REJECT --reject-with $answer
            -I INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
            -I INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
            -I FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
            -I INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
            -I OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
            COMMIT
            RULES
            done
            """

        /// Of the Service that was deleted while nobody looked.
        private static let removal = """
            set -e
            ipvsadm -D -t 10.96.0.99:80
            ipvsadm -D -t [fd00:10:96::99]:80
            ip address del 10.96.0.99/32 dev kube-ipvs0
            ip address del fd00:10:96::99/128 dev kube-ipvs0
            for prefix in KUBE KUBE-6; do
                case $prefix in KUBE) gone=10.96.0.99 ;; *) gone=fd00:10:96::99 ;; esac
                ipset del $prefix-CLUSTER-IP $gone,tcp:80
                ipset del $prefix-IPVS-IPS $gone
            done
            """

        /// What is broken by hand, what mends it, and the part that it belongs to.
        private static let breaks = [
            (
                "ipvsadm -d -t 10.96.0.7:7 -r 10.244.1.12:7", "ipvsadm -a -t 10.96.0.7:7 -r 10.244.1.12:7 -m -w 1",
                "real_server"
            ),
            (
                "ipvsadm -e -t 10.96.0.7:7 -r 10.244.1.11:7 -m -w 3",
                "ipvsadm -e -t 10.96.0.7:7 -r 10.244.1.11:7 -m -w 1", "real_server"
            ),
            ("ipset del KUBE-CLUSTER-IP 10.96.0.7,tcp:7", "ipset add KUBE-CLUSTER-IP 10.96.0.7,tcp:7", "set_entry"),
            (
                "ip address del fd00:10:96::7/128 dev kube-ipvs0", "ip address add fd00:10:96::7/128 dev kube-ipvs0",
                "address"
            ),
            (
                "iptables -t nat -D KUBE-MARK-MASQ -j MARK --or-mark 0x4000",
                "iptables -t nat -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000", "rule"
            ),
        ]

        private static func settings(_ cluster: Cluster) async throws -> String {
            try await cluster.run(in: .node, "sysctl", "net.ipv4.vs", "net.ipv4.ip_forward", "net.ipv4.conf.all")
        }

        private static func differences(_ cluster: Cluster) async throws -> String {
            let status = try await NodeCommand.run(["status", "--dry-run", "-o", "json"], in: cluster)
            guard !status.output.isEmpty else { return status.errors }
            return try await NodeCommand.json(
                status.output, #"join("\n", $j{dryRun}{differences}, @{$j{dryRun}{names}})"#)
        }

        private static func expect(_ count: Int, _ cluster: Cluster, _ what: String) async throws {
            var last = ""
            do {
                try await eventually("\(count) differences: \(what)") {
                    last = try await differences(cluster)
                    return last.split(separator: "\n").first == "\(count)"
                }
            } catch {
                Issue.record("\(what): \(last)")
                throw error
            }
        }

        @Test(.enabled(if: Cluster.virtualIPs == "addresses"))
        func `a dry run finds what is broken on kube-proxy's node, each thing as one, and leaves the kernel alone`()
            async throws
        {
            try await Cluster.with { cluster in
                try HandoverTests.writeService(to: cluster)
                try await cluster.run(in: .node, "bash", "-c", HandoverTests.leftovers)
                try await cluster.run(in: .node, "bash", "-c", Self.rest)
                let (leftOver, settings) = (try await KernelState(of: cluster), try await Self.settings(cluster))
                let daemon = try await cluster.startDaemon(on: .node, "--dry-run", "--ipvs-sync-period", "1s")
                // Of the deleted Service, in each family: virtual server, address and two entries of sets.
                try await Self.expect(8, cluster, "of a deleted Service")
                #expect(try await KernelState(of: cluster).differences(from: leftOver) == [])

                try await cluster.run(in: .node, "bash", "-c", Self.removal)
                try await Self.expect(0, cluster, "as kube-proxy has it")
                let kept = try await KernelState(of: cluster)
                for (command, mending, part) in Self.breaks {
                    try await cluster.run(in: .node, "bash", "-c", command)
                    let broken = try await KernelState(of: cluster)
                    try await Self.expect(1, cluster, command)
                    let metrics = try await cluster.run(in: .node, "curl", "-s", "http://127.0.0.1:10349/metrics")
                    #expect(metrics.contains(#"kubeipvs_dry_run_differences{part="\#(part)"} 1"#), "\(command)")
                    let health = try await cluster.run(in: .node, "curl", "-s", "http://127.0.0.1:10356/healthz")
                    #expect(health.contains(#""dryRunDifferences":1,"#), "\(health)")
                    #expect(try await KernelState(of: cluster).differences(from: broken) == [], "\(command)")
                    try await cluster.run(in: .node, "bash", "-c", mending)
                    try await Self.expect(0, cluster, mending)
                }
                #expect(try await KernelState(of: cluster).differences(from: kept) == [])
                #expect(try await Self.settings(cluster) == settings)
                // Each is told once, and once when it is gone.
                let log = try daemon.program.output().split(separator: "\n")
                #expect(log.count { $0.contains("differs from what is wanted") } == 8 + Self.breaks.count)
                #expect(log.count { $0.contains("no difference any more") } == 8 + Self.breaks.count)
                try await daemon.stop()
            }
        }
    }
}
