// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SystemTesting
import Testing

extension TrafficSuite {
    /// What `kube-ipvs trace` says beside the packet's way, on nodes that somebody has changed.
    @Suite struct TraceTests {
        private func writeService(to cluster: Cluster, spec: [String] = []) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                    endpoints: ["10.244.1.11", "fd00:10:244:1::11"], spec: spec),
                to: "web.yaml")
        }

        private func trace(
            _ words: String..., on node: Cluster.Place = .node, in cluster: Cluster
        ) async throws -> String {
            try await cluster.run(
                in: node,
                ["bash", "-c", #""$@" || [ $? -eq 1 ]"#, "-", Daemon.path, "trace"] + cluster.daemonFlags + words)
        }

        private func verdict(_ text: String) -> String { text.split(separator: "\n").last.map(String.init) ?? "" }

        @Test func `a connection that the kernel knows is told of, and a client that IPVS remembers`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1], port: 8080)
                try writeService(to: cluster, spec: ["sessionAffinity: ClientIP"])
                _ = try await cluster.startDaemon()
                for (client, port, address, endpoint) in [
                    ("192.168.50.100", 40123, "10.96.0.10", "10.244.1.11:8080"),
                    ("[fd00:50::100]", 40126, "[fd00:10:96::10]", "[fd00:10:244:1::11]:8080"),
                ] {
                    let words = ["socat", "-", "TCP:\(address):80,sourceport=\(port)"]
                    try await cluster.withProgram(words, in: .client) { ask in
                        #expect(try await ask("hello") == "hello")
                        let text = try await trace("\(client):\(port)", "\(address):80", in: cluster)
                        #expect(text.contains("existing entry: conntrack has TCP \(client):\(port)"), "\(text)")
                        #expect(text.contains("existing entry: IPVS has a connection to \(endpoint), ESTABLISHED"))
                        #expect(text.contains("existing entry: IPVS remembers"))
                        let other = try await trace("\(client):\(port + 1)", "\(address):80", in: cluster)
                        #expect(!other.contains("conntrack has") && !other.contains("IPVS has a connection"))
                        #expect(other.contains("it goes to \(endpoint)"))
                    }
                }
            }
        }

        @Test func `a route makes a virtual IP local as an address does, and without either it is not local`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try writeService(to: cluster)
                // It would put the address back.
                try await cluster.startDaemon().stop()
                for (client, address, length, host) in [
                    ("192.168.50.100", "10.96.0.10", 32, "10.96.0.10"),
                    ("fd00:50::100", "fd00:10:96::10", 128, "[fd00:10:96::10]"),
                ] {
                    let family = address.contains(":") ? "-6" : "-4"
                    try await cluster.run(
                        in: .node, "ip", "address", "del", "\(address)/\(length)", "dev", "kube-ipvs0")
                    let gone = try await trace(client, "\(host):80", in: cluster)
                    #expect(verdict(gone).hasPrefix("NOT LOCAL: \(address) is no address of this node"), "\(gone)")
                    #expect(gone.contains("IPVS has TCP \(host):80, but is not asked"))
                    #expect(try await !cluster.connects(to: address, port: 80, from: .client))

                    try await cluster.run(in: .node, "ip", family, "route", "add", "local", address, "dev", "lo")
                    let routed = try await trace(client, "\(host):80", in: cluster)
                    #expect(verdict(routed).hasPrefix("reaches one of 1 endpoint as "), "\(routed)")
                    #expect(routed.contains("by a route on lo, and no address"), "\(routed)")
                    try await cluster.expect(["pod-1"], at: [host], from: .client, requests: 1)
                    // What the node sends has an address of its own then.
                    let sent = try await trace("node", "\(host):80", in: cluster)
                    let seen = try await cluster.clientsSeen(at: ["http://\(host)/"], from: .node)
                    #expect(seen.contains { verdict(sent) == "reaches one of 1 endpoint as \($0)" }, "\(sent) \(seen)")
                }
            }
        }

        @Test func `rules of others that take a packet are named, and rules of ours that differ are said to`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try writeService(to: cluster)
                try await cluster.startDaemon().stop()
                let question = ("192.168.50.100", "10.96.0.10:80")
                #expect(verdict(try await trace(question.0, question.1, in: cluster)).hasPrefix("reaches one of 1"))

                try await cluster.run(in: .node, "iptables", "-t", "nat", "-F", "KUBE-MARK-MASQ")
                let unmarked = try await trace(question.0, question.1, in: cluster)
                #expect(unmarked.contains("differs: chain KUBE-MARK-MASQ (nat) lacks: -j MARK"), "\(unmarked)")
                #expect(verdict(unmarked) == "reaches one of 1 endpoint as 192.168.50.100")
                #expect(
                    try await cluster.clientsSeen(at: ["http://10.96.0.10/"], from: .client) == ["192.168.50.100"])

                let dnat = ["-p", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination", "10.244.1.12:8080"]
                try await cluster.run(
                    in: .node, ["iptables", "-t", "nat", "-I", "PREROUTING", "-d", "10.0.0.0/8"] + dnat)
                let taken = try await trace(question.0, question.1, in: cluster)
                #expect(verdict(taken).hasPrefix("TAKEN BY OTHERS: nat PREROUTING, rule 1: "), "\(taken)")
                try await cluster.expect(["pod-2"], at: ["10.96.0.10"], from: .client, requests: 1)

                // A match that is not evaluated leaves the verdict open.
                try await cluster.run(
                    in: .node, ["iptables", "-t", "nat", "-D", "PREROUTING", "-d", "10.0.0.0/8"] + dnat)
                let statistic = ["-m", "statistic", "--mode", "nth", "--every", "2", "--packet", "0", "-j", "DROP"]
                try await cluster.run(in: .node, ["iptables", "-I", "INPUT"] + statistic)
                let open = try await trace(question.0, question.1, in: cluster)
                #expect(
                    verdict(open).hasPrefix("reaches one of 1 endpoint as 192.168.50.100 (unless a rule"), "\(open)")
                #expect(open.contains("rule: -m statistic --mode nth --every 2"))
                try await cluster.run(in: .node, ["iptables", "-D", "INPUT"] + statistic)

                // The kernel asks both variants of iptables, whichever the daemon uses.
                guard try await cluster.iptablesVariants().count == 2 else { return }
                try await cluster.run(in: .node, "iptables-legacy", "-I", "INPUT", "-d", "10.96.0.10", "-j", "DROP")
                let dropped = try await trace(question.0, question.1, in: cluster)
                #expect(verdict(dropped).hasPrefix("DROPPED: filter INPUT, rule 1 (iptables-legacy): "), "\(dropped)")
                #expect(try await !cluster.connects(to: "10.96.0.10", port: 80, from: .client))
            }
        }

        @Test func `an answer that goes past the node is lost, and a trace says so`() async throws {
            try await Cluster.with { cluster in
                try await cluster.addSecondNode()
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                // The only endpoint is on the first node, and the policy keeps the client's address.
                try cluster.write(
                    Manifest.service(
                        "web", type: "NodePort", clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30010)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"], spec: ["externalTrafficPolicy: Local"]),
                    to: "web.yaml")
                _ = try await cluster.startDaemon(on: .node2)
                for (client, host, address, pod) in [
                    ("192.168.50.100", "192.168.60.20", "192.168.60.20", "10.244.2.15"),
                    ("fd00:50::100", "[fd00:60::20]", "fd00:60::20", "fd00:10:244:2::15"),
                ] {
                    let outside = try await trace(client, "\(host):30010", on: .node2, in: cluster)
                    #expect(verdict(outside).hasPrefix("DROPPED: "), "\(outside)")
                    #expect(verdict(outside).contains("past this node"))
                    #expect(try await !cluster.connects(to: address, port: 30010, from: .client))
                    let inside = try await trace(pod, "\(host):30010", on: .node2, in: cluster)
                    #expect(verdict(inside) == "reaches one of 1 endpoint as \(pod)", "\(inside)")
                    let seen = try await cluster.clientsSeen(at: ["http://\(host):30010/"], from: .pod5)
                    #expect(seen == [pod])
                }
            }
        }
    }
}
