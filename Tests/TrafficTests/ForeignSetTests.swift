// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// Sets of our names that somebody made: requests are answered before, while and after they are replaced.
    @Suite struct ForeignSetTests {
        private func writeService(to cluster: Cluster) async throws {
            try await cluster.serve(.http, in: [.pod1], port: 8080)
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "web", clusterIPs: ["10.96.0.10"], ports: [.init(port: 80, target: 8080)],
                    endpoints: ["10.244.1.11"]),
                to: "web.yaml")
        }

        private func type(of set: String, _ cluster: Cluster) async throws -> String {
            try await cluster.run(in: .node, "bash", "-c", "ipset list -terse \(set) | grep -E '^(Type|Header)'")
        }

        @Test
        func `sets with a timeout, of another type or of another family that are there before the start do no harm`()
            async throws
        {
            try await Cluster.with { cluster in
                try await writeService(to: cluster)
                for line in [
                    "KUBE-CLUSTER-IP hash:ip,port timeout 5", "KUBE-IPVS-IPS hash:ip,port",
                    "KUBE-LOOP-BACK hash:ip,port,ip family inet6", "KUBE-NODE-PORT-TCP bitmap:port range 1-5",
                    "KUBE-LOAD-BALANCER list:set",
                ] {
                    try await cluster.run(in: .node, ["ipset", "create"] + line.split(separator: " ").map(String.init))
                }
                _ = try await cluster.startDaemon()
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)
                let type = try await type(of: "KUBE-CLUSTER-IP", cluster)
                #expect(type.contains("hash:ip,port"))
                #expect(!type.contains("timeout"))
                let members = try await cluster.run(in: .node, "ipset", "list", "KUBE-CLUSTER-IP")
                #expect(members.contains("10.96.0.10,tcp:80"))
            }
        }

        @Test func `no request fails while a set of another type is replaced under the rules that match on it`()
            async throws
        {
            try await Cluster.with { cluster in
                try await writeService(to: cluster)
                let first = try await cluster.startDaemon()
                try await first.stop()
                let variants = try await cluster.iptablesVariants().joined(separator: " ")
                // One dimension is enough to match by, so the set serves as long as nothing changes.
                let script = """
                    set -e
                    match() {
                        for v in \(variants); do
                            iptables-$v-save | sed "s/--match-set $1 /--match-set $2 /" | iptables-$v-restore
                        done
                    }
                    destroy() { for i in $(seq 100); do ipset destroy $1 2>&- && return; sleep 0.05; done; false; }
                    ipset create OTHER hash:ip; ipset add OTHER 10.96.0.10
                    match KUBE-CLUSTER-IP OTHER; destroy KUBE-CLUSTER-IP
                    ipset create KUBE-CLUSTER-IP hash:ip; ipset add KUBE-CLUSTER-IP 10.96.0.10
                    match OTHER KUBE-CLUSTER-IP; destroy OTHER
                    """
                try await cluster.run(in: .node, "bash", "-c", script)
                #expect(try await type(of: "KUBE-CLUSTER-IP", cluster).contains("hash:ip,port") == false)
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)

                let asking = """
                    end=$((SECONDS + 8))
                    while [ $SECONDS -lt $end ]; do
                        curl --silent --max-time 2 http://10.96.0.10/ >/dev/null && echo answered || echo failed
                    done
                    """
                async let answers = cluster.run(in: .client, "bash", "-c", asking)
                _ = try await cluster.startDaemon()
                let lines = try await answers.split(separator: "\n")
                #expect(lines.count > 20)
                #expect(!lines.contains("failed"), "\(lines.count { $0 == "failed" }) of \(lines.count)")
                #expect(try await type(of: "KUBE-CLUSTER-IP", cluster).contains("hash:ip,port"))
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)
            }
        }
    }
}
