// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import Subprocess
import SystemTesting
import Testing

/// `kube-ipvs check` on a node.
extension TrafficSuite.InspectionTests {
    @Test func `a check changes nothing, fails where the daemon would, and warns of what would be removed`()
        async throws
    {
        try await Cluster.with { cluster in
            try await cluster.run(in: .node, "ipvsadm", "-Ln")
            let before = try await Self.everything(in: cluster)
            let good = try await Self.run("check", [], in: cluster)
            #expect(good.standardError == "")
            #expect(good.standardOutput.contains("ok       trial, IPv4: Services of TCP and UDP: works\n"))
            #expect(
                good.standardOutput.contains("ok       trial, IPv6: source ranges that shut the node out: works\n"))
            #expect(good.status == .exited(0))

            try await cluster.run(in: .node, "ipvsadm", "-A", "-t", "203.0.113.99:80", "-s", "rr")
            let warning = try await Self.run("check", [], in: cluster)
            #expect(
                warning.standardOutput.hasPrefix(
                    "warning  IPVS: 1 virtual servers are no proxy's (TCP 203.0.113.99:80)"))
            #expect(warning.status == .exited(2))
            let excluding = try await Self.run("check", ["--ipvs-exclude-cidrs", "203.0.113.0/24"], in: cluster)
            #expect(excluding.status == .exited(0))
            try await cluster.run(in: .node, "ipvsadm", "-D", "-t", "203.0.113.99:80")

            let bad = try await Self.run("check", ["--ipvs-scheduler", "nosuch"], in: cluster)
            #expect(
                bad.standardOutput.hasPrefix("failure  trial: the kernel does not take the scheduler \"nosuch\""))
            #expect(bad.status == .exited(1))

            // `check` gives itself `--trial`. Given by hand, it tries nothing in a namespace that other programs are in.
            for outside in ["net:[1]", ""] {
                let byHand = try await Self.run("check", ["--trial=legacy,\(outside)"], in: cluster)
                #expect(!byHand.standardOutput.contains("works"))
            }
            #expect(try await Self.everything(in: cluster) == before)

            let unprivileged = try await Self.run(
                "check", [], in: cluster, through: ["setpriv", "--bounding-set", "-sys_admin"])
            #expect(
                unprivileged.standardOutput.contains("warning  trial: not made: cannot make a network namespace"))
            #expect(unprivileged.status == .exited(2))
            #expect(try await Self.everything(in: cluster) == before)
        }
    }

    @Test
    func `what a check advises against rules of an earlier proxy takes them out of the way, and leaves all else`()
        async throws
    {
        try await Cluster.with { cluster in
            try Self.writeService(to: cluster)
            let daemon = try await cluster.startDaemon()
            let variants = try await cluster.iptablesVariants()
            for variant in variants {
                // As kube-proxy has them in iptables mode: a Service that has no endpoints is refused.
                try await cluster.run(
                    in: .node, "bash", "-c",
                    """
                    iptables-\(variant) -t nat -N KUBE-SVC-ABC
                    iptables-\(variant) -t filter -N KUBE-SERVICES
                    iptables-\(variant) -t filter -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp --dport 80 -j REJECT
                    for chain in INPUT OUTPUT FORWARD; do
                        iptables-\(variant) -t filter -I $chain -m conntrack --ctstate NEW \\
                            -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
                    done
                    """)
            }
            try await cluster.serve(.http, in: [.pod1], port: 8080)
            #expect(try await !cluster.connects(to: "10.96.0.10", port: 80, from: .client))

            let check = try await Self.run("check", [], in: cluster)
            let commands = check.standardOutput.split(separator: "`").filter { $0.contains(" -D ") }.map(
                String.init)
            #expect(commands.count == 3 * variants.count, "\(check.standardOutput)")
            let servers = try await cluster.run(in: .node, "ipvsadm", "-Sn")
            for command in commands { try await cluster.run(in: .node, "bash", "-c", command) }
            #expect(
                try await cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 2) == [
                    "pod-1", "pod-1",
                ])
            #expect(try await cluster.run(in: .node, "ipvsadm", "-Sn") == servers)
            let after = try await Self.run("check", [], in: cluster)
            #expect(
                after.standardOutput.contains("notice   iptables mode: 1 chains of kube-proxy in iptables mode"))
            try await daemon.stop()
        }
    }

    @Test func `a check leaves a digest for the termination message, and is JSON for programs`() async throws {
        try await Cluster.with { cluster in
            try Self.writeService(to: cluster)
            try await cluster.run(in: .node, "ipvsadm", "-Ln")
            try await cluster.run(in: .node, "ipvsadm", "-A", "-t", "203.0.113.99:80", "-s", "rr")
            let file = cluster.folder + "/termination-log"
            let check = try await Self.run("check", ["--termination-message", file, "-o", "json"], in: cluster)
            #expect(check.status == .exited(2))
            let digest = try String(contentsOfFile: file, encoding: .utf8)
            #expect(digest.hasPrefix("1 warning"))
            #expect(digest.contains("\nwarning IPVS: 1 virtual servers are no proxy's (TCP 203.0.113.99:80)"))
            let parsed = try await Self.json(
                check.standardOutput,
                "$j{verdict}, ' ', scalar(grep { $_->{verdict} eq 'warning' } @{$j{findings}})")
            #expect(parsed == "warning 1")

            let plan = try await Self.run("plan", ["-o", "json"], in: cluster)
            #expect(plan.status == .exited(2))
            let counts = try await Self.json(
                plan.standardOutput,
                "$j{summary}{virtualServer}, ' ', scalar(grep { $_->{kind} eq 'virtualServer' } @{$j{changes}}), ' ', scalar(@{$j{failures}})"
            )
            #expect(counts == "3 3 0")
            let keys = try await Self.json(
                check.standardOutput,
                "join(',', sort keys %j), ' ', join(' ', do { my %k; $k{join(',', sort keys %$_)} = 1 for @{$j{findings}}; keys %k })"
            )
            #expect(keys == "findings,schemaVersion,verdict subject,text,verdict")

            // The whole of a short plan.
            let daemon = try await cluster.startDaemon()
            try await daemon.stop()
            try await cluster.run(in: .node, "ipset", "del", "KUBE-6-IPVS-IPS", "fd00:10:96::10")
            let short = try await Self.run("plan", ["-o", "json"], in: cluster)
            #expect(
                short.standardOutput == #"""
                    {"schemaVersion":1,"changes":[
                    {"kind":"setEntry","text":"add fd00:10:96::10 to KUBE-6-IPVS-IPS"}
                    ],
                    "failures":[],
                    "summary":{"setting":0,"link":0,"set":0,"setEntry":1,"rule":0,"virtualServer":0,"realServer":0,"address":0,\#
                    "route":0}}

                    """#)
        }
    }

    @Test func `a check warns of what would keep Services from working on the node, and names what to do`()
        async throws
    {
        try await Cluster.with { cluster in
            try Self.writeService(to: cluster)
            try cluster.write(
                Manifest.service(
                    "lb", type: "LoadBalancer", clusterIPs: ["10.96.0.20"], ports: [.init(port: 80, target: 8080)],
                    endpoints: [], loadBalancerVIPs: ["192.168.60.20"]),
                to: "lb.yaml")
            try cluster.write(
                "{apiVersion: v1, kind: Node, metadata: {name: node-2}, "
                    + "status: {addresses: [{type: InternalIP, address: 192.168.60.20}]}}\n",
                to: "node-2.yaml")
            // Loads IPVS. Then a virtual server that is wanted, with flags that are not.
            try await cluster.run(in: .node, "ipvsadm", "-Ln")
            try await cluster.run(in: .node, "ipvsadm", "-A", "-t", "10.96.0.10:80", "-s", "wlc", "-p", "60")
            try await cluster.run(in: .node, "ip", "link", "add", "nodelocaldns", "type", "dummy")
            try await cluster.run(in: .node, "ip", "address", "add", "10.96.0.10/32", "dev", "nodelocaldns")
            try await cluster.run(
                in: .node, "sysctl", "--quiet", "--write", "net.ipv4.ip_local_port_range=10000 65000",
                "net.ipv4.ip_local_reserved_ports=10250")
            let variant = try await cluster.iptablesVariants()[0]
            try await cluster.run(in: .node, "iptables-\(variant)", "--policy", "INPUT", "DROP")
            try await cluster.run(
                in: .node, "bash", "-c",
                """
                iptables-\(variant) -t nat -N KUBE-SERVICES; iptables-\(variant) -t nat -N PORTS
                iptables-\(variant) -t nat -A PORTS -p tcp --dport 80 -j DNAT --to-destination 10.244.1.13
                iptables-\(variant) -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j PORTS
                iptables-\(variant) -t nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
                """)

            let check = try await Self.run("check", [], in: cluster)
            #expect(check.status == .exited(2))
            for line in [
                "warning  local ports: node ports (30000-32767) are among the ports 10000-65000",
                "set net.ipv4.ip_local_reserved_ports=10250,30000-32767\n",
                "warning  policies: filter INPUT of ",
                "warning  rule order: 1 rules of others come before KUBE-SERVICES",
                "warning  cluster IPs: 10.96.0.10, which nodelocaldns has, is a cluster IP",
                "warning  addresses: test/lb: load balancer 192.168.60.20 is an address of another host",
                "notice   IPVS: 1 virtual servers that Services want are there (TCP 10.96.0.10:80)",
            ] {
                #expect(check.standardOutput.contains(line), "\(check.standardOutput)")
            }
            #expect(!check.standardOutput.contains("no proxy's"))
            let plan = try await Self.run("plan", [], in: cluster)
            #expect(plan.standardOutput.contains("edit virtual server TCP 10.96.0.10:80"))

            try await cluster.run(
                in: .node, "sysctl", "--quiet", "--write", "net.ipv4.ip_local_reserved_ports=10250,30000-32767")
            let reserved = try await Self.run("check", [], in: cluster)
            #expect(reserved.standardOutput.contains("ok       local ports: no node port is among them\n"))
        }
    }
}
