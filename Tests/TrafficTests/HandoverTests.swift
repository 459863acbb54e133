// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// kube-proxy ends, the daemon begins: what is in the kernel is made here by the system's programs, as kube-proxy makes it.
    @Suite struct HandoverTests {
        /// The rules that kube-proxy 1.36 has for one Service with a cluster IP. There are none for sets without members.
        static let kubeProxyRules = """
            set -e
            rules() { # PREFIX POD-NETWORK LOOPBACK
                local prefix=$1 pods=$2 own=$3
                cat <<RULES
            *nat
            :KUBE-LOAD-BALANCER - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-NODE-PORT - [0:0]
            :KUBE-POSTROUTING - [0:0]
            :KUBE-SERVICES - [0:0]
            -I OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -I PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
            -A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
            -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
            -A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set $prefix-LOOP-BACK dst,dst,src -j MASQUERADE
            -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
            -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
            -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
            -A KUBE-SERVICES -s $own -j RETURN
            -A KUBE-SERVICES ! -s $pods -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set $prefix-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
            -A KUBE-SERVICES -m set --match-set $prefix-CLUSTER-IP dst,dst -j ACCEPT
            COMMIT
            *filter
            :KUBE-FORWARD - [0:0]
            -I FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
            -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
            COMMIT
            RULES
            }

            """

        /// What kube-proxy 1.36 leaves in each family of one Service with two endpoints, of an endpoint that drained, and of a
        /// Service that was deleted while nobody looked.
        static let leftovers =
            kubeProxyRules + """
                sysctl -q -w net.ipv4.vs.conntrack=1 net.ipv4.ip_forward=1
                ip link add kube-ipvs0 type dummy
                leave() { # RESTORE FAMILY PREFIX SERVICE ANOTHER POD-BUT-ITS-LAST-DIGIT POD-NETWORK LOOPBACK [OPENING CLOSING]
                    local restore=$1 family=$2 prefix=$3 vip=$4 gone=$5 pod=$6 pods=$7 own=$8 o=$9 c=${10}
                    ip address add $vip dev kube-ipvs0
                    ip address add $gone dev kube-ipvs0
                    ipset create $prefix-LOOP-BACK hash:ip,port,ip family $family hashsize 1024 maxelem 65536
                    for set in CLUSTER-IP EXTERNAL-IP EXTERNAL-IP-LOCAL LOAD-BALANCER LOAD-BALANCER-FW LOAD-BALANCER-LOCAL; do
                        ipset create $prefix-$set hash:ip,port family $family hashsize 1024 maxelem 65536
                    done
                    ipset create $prefix-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip family $family hashsize 1024 maxelem 65536
                    ipset create $prefix-IPVS-IPS hash:ip family $family hashsize 1024 maxelem 65536
                    ipset create $prefix-NODE-PORT-TCP bitmap:port range 0-65535
                    ipset add $prefix-CLUSTER-IP $vip,tcp:7
                    ipset add $prefix-CLUSTER-IP $gone,tcp:80
                    ipset add $prefix-IPVS-IPS $vip
                    ipset add $prefix-IPVS-IPS $gone
                    ipset add $prefix-LOOP-BACK ${pod}1,tcp:7,${pod}1
                    ipvsadm -A -t $o$vip$c:7 -s rr
                    ipvsadm -a -t $o$vip$c:7 -r $o${pod}1$c:7 -m -w 1
                    ipvsadm -a -t $o$vip$c:7 -r $o${pod}2$c:7 -m -w 1
                    ipvsadm -a -t $o$vip$c:7 -r $o${pod}4$c:7 -m -w 0
                    ipvsadm -A -t $o$gone$c:80 -s wlc
                    ipvsadm -a -t $o$gone$c:80 -r $o${pod}3$c:8080 -m -w 1
                    rules $prefix $pods $own | $restore --noflush
                }
                leave iptables$variant-restore inet KUBE 10.96.0.7 10.96.0.99 10.244.1.1 10.244.0.0/16 127.0.0.0/8
                leave ip6tables$variant-restore inet6 KUBE-6 \
                    fd00:10:96::7 fd00:10:96::99 fd00:10:244:1::1 fd00:10:244::/56 ::1/128 [ ]

                """

        static func writeService(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "echo", clusterIPs: ["10.96.0.7", "fd00:10:96::7"], ports: [.init(port: 7, target: 7)],
                    endpoints: ["10.244.1.11", "10.244.1.12", "fd00:10:244:1::11", "fd00:10:244:1::12"]),
                to: "echo.yaml")
        }

        /// Has an open connection to the Service in each family answer before and after the daemon's start.
        private func startDaemonUnderConnections(in cluster: Cluster) async throws {
            try await cluster.withConnection(to: "10.96.0.7", port: 7) { echoesFour in
                try await cluster.withConnection(to: "[fd00:10:96::7]", port: 7) { echoesSix in
                    #expect(try await echoesFour("of kube-proxy"))
                    #expect(try await echoesSix("of kube-proxy"))
                    _ = try await cluster.startDaemon()
                    #expect(try await echoesFour("of the daemon"))
                    #expect(try await echoesSix("of the daemon"))
                }
            }
        }

        /// What is otherwise where kube-proxy 1.20 to 1.25 was last: no set of the dummy link's addresses, and source ranges
        /// enforced by a chain of the table `nat`, which nothing leads to once the chain before it is written anew.
        private static let leftoversBefore1_26 = """
            ipset destroy KUBE-IPVS-IPS
            ipset destroy KUBE-6-IPVS-IPS
            iptables-restore --noflush <<'RULES'
            *nat
            :KUBE-FIREWALL - [0:0]
            :KUBE-MARK-DROP - [0:0]
            -A KUBE-MARK-DROP -j MARK --or-mark 0x8000
            -A KUBE-FIREWALL -j KUBE-MARK-DROP
            -I KUBE-LOAD-BALANCER -m comment --comment "Kubernetes service load balancer ip + port for load balancer with sourceRange" -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-FIREWALL
            COMMIT
            RULES
            """

        @Test(arguments: [
            ("", []),
            (
                leftoversBefore1_26,
                [
                    "+ -A KUBE-FIREWALL -j KUBE-MARK-DROP", "+ -A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000",
                    "+ :KUBE-FIREWALL - ", "+ :KUBE-MARK-DROP - ",
                ]
            ),
        ])
        func `a node that kube-proxy kept is taken over with its connections, and is then as if made anew`(
            moreLeftovers: String, kept: [String]
        ) async throws {
            let wanted = try await Cluster.with { cluster in
                try Self.writeService(to: cluster)
                _ = try await cluster.startDaemon()
                return try await KernelState(of: cluster)
            }
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try Self.writeService(to: cluster)
                try await cluster.run(in: .node, "bash", "-c", Self.leftovers + moreLeftovers)

                try await startDaemonUnderConnections(in: cluster)
                let reached = try await KernelState(of: cluster)
                #expect(reached.differences(from: wanted).sorted() == kept)
            }
        }

        /// Kubelet's chain says which variant of iptables the node uses; what kube-proxy wrote is in the other one.
        @Test func `rules of kube-proxy in the other variant of iptables stand in nobody's way`() async throws {
            try await Cluster.with { cluster in
                let variants = try await cluster.iptablesVariants()
                for variant in variants {
                    for other in variants where other != variant {
                        try await expectService(with: variant, over: other)
                    }
                }
                // With one variant alone there is no other: then it is the same with that one.
                if variants.count == 1 { try await expectService(with: variants[0], over: variants[0]) }
            }
        }

        private func expectService(with variant: String, over other: String) async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try Self.writeService(to: cluster)
                try await cluster.run(in: .node, "bash", "-c", "variant=-\(other)\n" + Self.leftovers)
                try await cluster.run(
                    in: .node, "iptables-\(variant)", "--table", "mangle", "--new-chain", "KUBE-IPTABLES-HINT")

                try await startDaemonUnderConnections(in: cluster)
                for tables in ["iptables", "ip6tables"] {
                    let rules = try await cluster.run(in: .node, "\(tables)-\(variant)-save")
                    #expect(rules.contains(":KUBE-IPVS-FILTER "), "\(tables): \(variant) over \(other)")
                }
                for address in ["10.96.0.7", "[fd00:10:96::7]"] {
                    try await cluster.withConnection(to: address, port: 7) { echoes in
                        let isAnswered = try await echoes("anew")
                        #expect(isAnswered, "\(address)")
                    }
                }
            }
        }

        /// Each set's name, and what kube-proxy 1.36 makes it with where it is missing. With the option `-exist` that is
        /// refused for a set that is there and differs.
        private static func sets(_ prefix: String, _ family: String) -> [String: String] {
            let hash = "family \(family) hashsize 1024 maxelem 65536"
            var sets: [String: String] = [:]
            for name in [
                "CLUSTER-IP", "EXTERNAL-IP", "EXTERNAL-IP-LOCAL", "LOAD-BALANCER", "LOAD-BALANCER-FW",
                "LOAD-BALANCER-LOCAL", "NODE-PORT-SCTP-HASH", "NODE-PORT-LOCAL-SCTP-HASH",
            ] {
                sets[name] = "hash:ip,port \(hash)"
            }
            for name in ["LOOP-BACK", "LOAD-BALANCER-SOURCE-IP"] { sets[name] = "hash:ip,port,ip \(hash)" }
            sets["LOAD-BALANCER-SOURCE-CIDR"] = "hash:ip,port,net \(hash)"
            sets["IPVS-IPS"] = "hash:ip \(hash)"
            for name in [
                "NODE-PORT-TCP", "NODE-PORT-LOCAL-TCP", "NODE-PORT-UDP", "NODE-PORT-LOCAL-UDP",
                "HEALTH-CHECK-NODE-PORT",
            ] {
                sets[name] = "bitmap:port range 0-65535"
            }
            return Dictionary(uniqueKeysWithValues: sets.map { (String("\(prefix)-\($0)".prefix(31)), $1) })
        }

        /// The jumps that kube-proxy looks for with `iptables -C`, and would insert a second time where it does not find them.
        private static let jumps = [
            "nat OUTPUT kubernetes service portals:KUBE-SERVICES",
            "nat PREROUTING kubernetes service portals:KUBE-SERVICES",
            "nat POSTROUTING kubernetes postrouting rules:KUBE-POSTROUTING",
            "filter FORWARD kubernetes forwarding rules:KUBE-FORWARD",
            "filter INPUT kubernetes health check rules:KUBE-NODE-PORT",
            "filter INPUT kube-proxy firewall rules:KUBE-PROXY-FIREWALL",
            "filter FORWARD kube-proxy firewall rules:KUBE-PROXY-FIREWALL",
            "filter INPUT kubernetes ipvs access filter:KUBE-IPVS-FILTER",
            "filter OUTPUT kubernetes ipvs access filter:KUBE-IPVS-OUT-FILTER",
        ]

        @Test func `kube-proxy finds what it would have made, and nothing that it does not know`() async throws {
            try await Cluster.with { cluster in
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", type: "LoadBalancer", clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30080)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"],
                        spec: ["loadBalancerSourceRanges: [192.168.50.0/24]"], loadBalancerVIPs: ["203.0.113.1"]),
                    to: "web.yaml")
                try await cluster.startDaemon().stop()

                let sets = Self.sets("KUBE", "inet").merging(Self.sets("KUBE-6", "inet6")) { first, _ in first }
                let names = try await cluster.run(in: .node, "ipset", "list", "-name").split(separator: "\n")
                #expect(names.map(String.init).sorted() == sets.keys.sorted())
                for (name, options) in sets.sorted(by: { $0.key < $1.key }) {
                    let words = ["ipset", "create", name] + options.split(separator: " ").map(String.init) + ["-exist"]
                    try await cluster.run(in: .node, words)
                }

                for program in ["iptables", "ip6tables"] {
                    for jump in Self.jumps {
                        let parts = jump.split(separator: ":")
                        let words = parts[0].split(separator: " ", maxSplits: 2).map(String.init)
                        try await cluster.run(
                            in: .node, program, "-t", words[0], "-C", words[1], "-m", "comment", "--comment", words[2],
                            "-j", String(parts[1]))
                    }
                    let rules = try await cluster.run(in: .node, "\(program)-save")
                    let chains = rules.split(separator: "\n").filter { $0.hasPrefix(":KUBE-") }.map { line in
                        String(line.dropFirst().prefix { $0 != " " })
                    }
                    #expect(
                        chains.sorted() == [
                            "KUBE-FORWARD", "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER", "KUBE-LOAD-BALANCER",
                            "KUBE-MARK-MASQ", "KUBE-NODE-PORT", "KUBE-NODE-PORT", "KUBE-POSTROUTING",
                            "KUBE-PROXY-FIREWALL", "KUBE-SERVICES", "KUBE-SOURCE-RANGES-FIREWALL",
                        ])
                }
                let link = try await cluster.run(in: .node, "ip", "-details", "link", "show", "dev", "kube-ipvs0")
                #expect(link.contains("dummy") && link.contains("state DOWN"))
            }
        }
    }
}
