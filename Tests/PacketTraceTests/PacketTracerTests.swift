// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

@testable import PacketTrace

struct PacketTracerTests {
    private let web = SampleNode.target("10.96.0.10")
    private let balanced = SampleNode.target("203.0.113.92", 443)

    private func node(_ endpoints: [(String, UInt32)] = [("10.244.1.11", 1), ("10.244.1.12", 1)]) -> SampleNode {
        var node = SampleNode()
        node.serve(web, .clusterIP, by: endpoints)
        return node
    }

    // MARK: Who is seen

    @Test func `a pod of the cluster reaches a cluster IP as itself`() {
        let path = node().trace("10.244.1.14", web)
        #expect(path.verdict == PathVerdict(.reaches, "reaches one of 2 endpoints as 10.244.1.14"))
        #expect(path.isCertain)
    }

    @Test func `who is not of the cluster is masqueraded, and the trace says why`() {
        let path = node().trace("192.168.50.100", web)
        #expect(path.verdict.text == "reaches one of 2 endpoints as 192.168.50.10")
        let text = path.lines(origin: "192.168.50.100", names: TraceNames()).joined(separator: "\n")
        #expect(
            text.contains(
                "KUBE-SERVICES 3: KUBE-CLUSTER-IP holds 10.96.0.10,tcp:80, source is not in 10.244.0.0/16 → KUBE-MARK-MASQ"
            ),
            "\(text)")
        #expect(text.contains("KUBE-MARK-MASQ 1: always → mark 0x4000"))
    }

    @Test func `masqueradeAll masks a pod too`() {
        var node = node()
        node.configuration.masqueradeAll = true
        #expect(node.trace("10.244.1.14", web).verdict.text == "reaches one of 2 endpoints as 192.168.50.10")
    }

    @Test func `an endpoint that asks for itself is masqueraded by its entry, and lost without one`() {
        var node = node([("10.244.1.11", 1)])
        let lost = node.trace("10.244.1.11", web)
        #expect(lost.verdict.outcome == .dropped)
        #expect(lost.deliveries.first?.isHairpin == true)
        let endpoint = SampleNode.address("10.244.1.11")
        node.sets[.loopBack] = [.ipPortIP(endpoint, .tcp, 8080, endpoint)]
        let path = node.trace("10.244.1.11", web)
        #expect(path.verdict.text == "reaches one of 1 endpoint as 192.168.50.10")
        #expect(path.deliveries.first?.isMasqueraded == true)
    }

    @Test func `what the node sends has the virtual IP as its source, and is masqueraded`() {
        let path = node().trace(.node, web)
        #expect(path.packet.source == web.address)
        #expect(path.verdict.text == "reaches one of 2 endpoints as 192.168.50.10")
    }

    @Test func `without conntrack for IPVS nothing is masqueraded`() {
        var node = node()
        node.tracksConnections = false
        let path = node.trace("192.168.50.100", web)
        #expect(path.verdict.text == "reaches one of 2 endpoints as 192.168.50.100")
        #expect(path.deliveries.allSatisfy { !$0.remarks.isEmpty })
    }

    @Test func `an endpoint on the client's own side of the node answers past it, unless it is masqueraded`() {
        var node = node([("10.244.2.15", 1)])
        node.configuration.localDetector = .clusterCIDR(SampleNode.prefix("192.168.50.0/24"))
        let path = node.trace("192.168.50.100", web)
        #expect(path.verdict.outcome == .dropped)
        #expect(path.verdict.text.contains("10.244.2.15 answers 192.168.50.100 past this node"))
        // A pod of this node is on another side.
        node.configuration.localDetector = .clusterCIDR(SampleNode.prefix("10.244.0.0/16"))
        #expect(node.trace("10.244.1.14", web).verdict.text == "reaches one of 1 endpoint as 10.244.1.14")
        #expect(node.trace("192.168.50.100", web).verdict.text == "reaches one of 1 endpoint as 192.168.50.10")
    }

    // MARK: Where it ends

    @Test func `no endpoints, and endpoints that drain, are a refusal`() {
        #expect(node([]).trace("10.244.1.14", web).verdict == PathVerdict(.refused, "REFUSED: no endpoints"))
        let drained = node([("10.244.1.11", 0)]).trace("10.244.1.14", web)
        #expect(drained.verdict.text == "REFUSED: no endpoints take new connections: 1 drain or are full")
    }

    @Test func `a port that no Service has is refused at a virtual IP, and the node's own at its address`() {
        let path = node().trace("10.244.1.14", SampleNode.target("10.96.0.10", 81))
        #expect(path.verdict.outcome == .refused)
        #expect(path.verdict.text.contains("no Service has TCP 10.96.0.10:81"))
        #expect(node().trace("10.244.1.14", SampleNode.target("192.168.50.10", 22)).verdict.outcome == .notAService)
    }

    @Test func `an address that is not the node's is not local, whatever IPVS has`() {
        var node = node()
        node.bound = []
        let path = node.trace("192.168.50.100", web)
        #expect(path.verdict.outcome == .notLocal)
        #expect(path.verdict.text.hasPrefix("NOT LOCAL: 10.96.0.10 is no address of this node"))
        #expect(path.steps.contains { if case .note(let words) = $0 { words.contains("IPVS has TCP") } else { false } })
    }

    @Test func `a local route is as good as an address`() {
        var node = node()
        (node.bound, node.routed) = ([], [web.address])
        #expect(node.trace("10.244.1.14", web).verdict.text == "reaches one of 2 endpoints as 10.244.1.14")
        // With a route the node sends from an address of its own.
        #expect(node.trace(.node, web).packet.source == SampleNode.address("192.168.50.10"))
    }

    // MARK: Source ranges

    private func balancedNode() -> SampleNode {
        var node = SampleNode()
        node.serve(balanced, .loadBalancer, by: [("10.244.1.11", 1)])
        let entry = IPSetEntry.ipPort(balanced.address, .tcp, 443)
        node.sets[.loadBalancerFirewall] = [entry]
        node.sets[.loadBalancerSourceCIDR] = [
            .ipPortNet(balanced.address, .tcp, 443, SampleNode.prefix("192.168.50.100/32"))
        ]
        return node
    }

    @Test func `who is in no source range is dropped, and the Service is named`() {
        var names = TraceNames()
        names.service = "shop/checkout"
        let path = balancedNode().trace("198.51.100.7", balanced, names: names)
        #expect(
            path.verdict
                == PathVerdict(.dropped, "DROPPED: 198.51.100.7 is in no loadBalancerSourceRanges of shop/checkout"))
        let text = path.lines(origin: "198.51.100.7", names: names).joined(separator: "\n")
        #expect(
            text.contains("KUBE-LOAD-BALANCER-SOURCE-CIDR does not hold 203.0.113.92,tcp:443,198.51.100.7/32"),
            "\(text)")
        #expect(balancedNode().trace("192.168.50.100", balanced).verdict.outcome == .reaches)
    }

    @Test func `ranges that shut the node out are said to`() {
        var node = balancedNode()
        node.closedServers = [balanced]
        let path = node.trace(.node, balanced)
        #expect(path.verdict.outcome == .dropped)
        #expect(path.verdict.text.hasSuffix("do not let this node in"))
    }

    @Test func `rules that tell the node's own traffic by its addresses are followed too`() {
        var node = balancedNode()
        node.configuration.ownTraffic = .isFromTheNode
        node.closedServers = [balanced]
        let shut = node.trace(.node, balanced)
        #expect(shut.verdict.outcome == .dropped && shut.isCertain)
        #expect(node.trace("192.168.50.100", balanced).verdict.text == "reaches one of 1 endpoint as 192.168.50.10")
        node.closedServers = []
        (node.bound, node.routed) = ([], [balanced.address])
        let path = node.trace(.node, balanced)
        #expect(path.verdict.text == "reaches one of 1 endpoint as 192.168.50.10" && path.isCertain)
    }

    // MARK: Rules of others

    @Test func `a rule of others that sends packets elsewhere is named`() {
        var node = node()
        node.foreignRules["nat"] = [
            ":CNI-DN - [0:0]", "-A PREROUTING -p tcp -m tcp --dport 80 -j CNI-DN",
            "-A CNI-DN -j DNAT --to-destination 10.244.1.5:80",
        ]
        let path = node.trace("10.244.1.14", web)
        #expect(path.verdict.outcome == .diverted)
        #expect(path.verdict.text.contains("chain CNI-DN, rule 1: -j DNAT --to-destination 10.244.1.5:80"))
        #expect(node.trace("10.244.1.14", SampleNode.target("10.96.0.10", 81)).verdict.outcome == .refused)
    }

    @Test func `a rule of others that cannot be evaluated is named, and the verdict is not certain`() {
        var node = node()
        node.foreignRules["filter"] = ["-A INPUT -m recent --name x --rcheck -j DROP", "-A INPUT -m limit -j LOG"]
        let path = node.trace("10.244.1.14", web)
        #expect(path.verdict.outcome == .reaches && !path.isCertain)
        #expect(path.verdictLine.contains("unless a rule decides first"))
        let text = path.lines(origin: "10.244.1.14", names: TraceNames()).joined(separator: "\n")
        #expect(text.contains("rule: -m recent --name x --rcheck -j DROP"))
        #expect(!text.contains("-j LOG"))
    }

    @Test func `a policy that drops is the end of what no rule accepts`() {
        var node = node()
        node.policies["filter INPUT"] = "DROP"
        #expect(node.trace("10.244.1.14", web).verdict == PathVerdict(.dropped, "DROPPED: filter INPUT: policy DROP"))
    }

    @Test func `rules that lead into each other without end are no end of the trace`() {
        var node = node()
        node.foreignRules["filter"] =
            ["-A INPUT -j A", "-A A -j B", "-A A -j B", "-A B -j A", "-A B -j A"] + [":A - [0:0]", ":B - [0:0]"]
        #expect(!node.trace("10.244.1.14", web).isCertain)
    }

    @Test func `what is not as the proxy writes it is said first`() {
        let installed = InstalledRules(
            node().listing.replacing("-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n", with: ""))
        let differences = Ruleset(node().configuration, .v4).differences(from: installed)
        #expect(differences == ["chain KUBE-MARK-MASQ (nat) lacks: -j MARK --set-xmark 0x4000/0x4000"])
        #expect(Ruleset(node().configuration, .v4).differences(from: InstalledRules(node().listing)).isEmpty)
        let path = node().trace(.node, web, differences: differences)
        #expect(path.steps.first == .difference(differences[0]))
    }
}
