import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// kube-proxy ends, the daemon begins: what is in the kernel is made here by the system's programs, as kube-proxy makes it.
    @Suite struct HandoverTests {
        /// What kube-proxy 1.36 leaves of one Service with two endpoints, of an endpoint that drained, and of a Service that
        /// was deleted while nobody looked. It has no rules for sets without members.
        private static let leftovers = """
            set -e
            sysctl -q -w net.ipv4.vs.conntrack=1 net.ipv4.ip_forward=1
            ip link add kube-ipvs0 type dummy
            ip address add 10.96.0.7/32 dev kube-ipvs0
            ip address add 10.96.0.99/32 dev kube-ipvs0
            for family in inet inet6; do
                prefix=KUBE; [ $family = inet ] || prefix=KUBE-6
                ipset create $prefix-LOOP-BACK hash:ip,port,ip family $family hashsize 1024 maxelem 65536
                for set in CLUSTER-IP EXTERNAL-IP EXTERNAL-IP-LOCAL LOAD-BALANCER LOAD-BALANCER-FW LOAD-BALANCER-LOCAL; do
                    ipset create $prefix-$set hash:ip,port family $family hashsize 1024 maxelem 65536
                done
                ipset create $prefix-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip family $family hashsize 1024 maxelem 65536
                ipset create $prefix-IPVS-IPS hash:ip family $family hashsize 1024 maxelem 65536
                ipset create $prefix-NODE-PORT-TCP bitmap:port range 0-65535
            done
            ipset add KUBE-CLUSTER-IP 10.96.0.7,tcp:7
            ipset add KUBE-CLUSTER-IP 10.96.0.99,tcp:80
            ipset add KUBE-IPVS-IPS 10.96.0.7
            ipset add KUBE-IPVS-IPS 10.96.0.99
            ipset add KUBE-LOOP-BACK 10.244.1.11,tcp:7,10.244.1.11
            ipvsadm -A -t 10.96.0.7:7 -s rr
            ipvsadm -a -t 10.96.0.7:7 -r 10.244.1.11:7 -m -w 1
            ipvsadm -a -t 10.96.0.7:7 -r 10.244.1.12:7 -m -w 1
            ipvsadm -a -t 10.96.0.7:7 -r 10.244.1.14:7 -m -w 0
            ipvsadm -A -t 10.96.0.99:80 -s wlc
            ipvsadm -a -t 10.96.0.99:80 -r 10.244.1.13:8080 -m -w 1
            iptables-restore --noflush <<'RULES'
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
            -A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
            -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
            -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
            -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
            -A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
            -A KUBE-SERVICES ! -s 10.244.0.0/16 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
            -A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
            COMMIT
            *filter
            :KUBE-FORWARD - [0:0]
            -I FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
            -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
            COMMIT
            RULES
            """

        private func writeService(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "echo", clusterIPs: ["10.96.0.7"], ports: [.init(port: 7, target: 7)],
                    endpoints: ["10.244.1.11", "10.244.1.12"]),
                to: "echo.yaml")
        }

        @Test func `a node that kube-proxy kept is taken over with its connections, and is then as if made anew`()
            async throws
        {
            let wanted = try await Cluster.with { cluster in
                try writeService(to: cluster)
                _ = try await cluster.startDaemon()
                return try await KernelState(of: cluster)
            }
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try writeService(to: cluster)
                try await cluster.run(in: .node, "bash", "-c", Self.leftovers)

                let words = ["netns", "exec", "client", "socat", "-", "TCP:10.96.0.7:7"]
                _ = try await Subprocess.run(
                    .name("ip"), arguments: Arguments(words), input: .inputWriter, output: .sequence, error: .discarded
                ) { connection in
                    var lines = connection.standardOutput.strings().makeAsyncIterator()
                    _ = try await connection.standardInputWriter.write("of kube-proxy\n")
                    #expect(try await lines.next()?.contains("of kube-proxy") == true)

                    _ = try await cluster.startDaemon()
                    _ = try await connection.standardInputWriter.write("of the daemon\n")
                    #expect(try await lines.next()?.contains("of the daemon") == true)
                    try await connection.standardInputWriter.finish()
                }
                let reached = try await KernelState(of: cluster)
                #expect(reached.differences(from: wanted).sorted() == [])
            }
        }
    }
}
