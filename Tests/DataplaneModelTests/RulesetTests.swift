// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

@Suite struct RulesetTests {
    private static let nothing = InstalledRules("")

    private func clusterCIDR(_ text: String) throws -> RuleConfiguration {
        RuleConfiguration(localDetector: .clusterCIDR(try #require(IPPrefix(text))))
    }

    private func server(_ address: String, _ port: UInt16, _ transport: TransportProtocol) throws -> VirtualServer.ID {
        VirtualServer.ID(address: try #require(IPAddress(address)), port: port, transport: transport)
    }

    @Test func `on a fresh node everything is written for IPv4`() throws {
        let ruleset = Ruleset(try clusterCIDR("10.244.0.0/16"), .v4)
        #expect(ruleset.restoreInput(over: Self.nothing) == GoldenRules.v4)
    }

    @Test func `on a fresh node everything is written for IPv6`() throws {
        let ruleset = Ruleset(try clusterCIDR("fd00:10:244::/56"), .v6)
        #expect(ruleset.restoreInput(over: Self.nothing) == GoldenRules.v6)
    }

    private static let toClusterIP = """
        -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" \
        -m set --match-set KUBE-CLUSTER-IP
        """

    @Test func `what is masqueraded on its way to a cluster IP depends on the detector`() throws {
        let network = try #require(IPPrefix("10.244.0.0/16"))
        let otherFamily = try #require(IPPrefix("fd00::/56"))
        let expected: [(LocalTrafficDetector, String)] = [
            (.none, "\(Self.toClusterIP) src,dst -j KUBE-MARK-MASQ"),
            (.clusterCIDR(network), "! -s 10.244.0.0/16 \(Self.toClusterIP) dst,dst -j KUBE-MARK-MASQ"),
            (.clusterCIDR(otherFamily), "\(Self.toClusterIP) src,dst -j KUBE-MARK-MASQ"),
            (.bridgeInterface("cbr0"), "! -i cbr0 \(Self.toClusterIP) dst,dst -j KUBE-MARK-MASQ"),
            (.interfaceNamePrefix("veth"), "! -i veth+ \(Self.toClusterIP) dst,dst -j KUBE-MARK-MASQ"),
        ]
        for (detector, rule) in expected {
            let ruleset = Ruleset(RuleConfiguration(localDetector: detector), .v4)
            #expect(ruleset[.services][2] == rule)
            let toAll = Ruleset(RuleConfiguration(masqueradeAll: true, localDetector: detector), .v4)
            #expect(toAll[.services][2] == "\(Self.toClusterIP) dst,dst -j KUBE-MARK-MASQ")
            // And nothing else does.
            for chain in ServiceChain.allCases where chain != .services {
                #expect(ruleset[chain] == toAll[chain])
            }
        }
    }

    @Test func `where virtual IPs are routes, own traffic is told by the node's addresses, and no other rule differs`()
        throws
    {
        let network = try #require(IPPrefix("fd00:10:244::/56"))
        let own = "-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ"
        func toClusterIP(_ rest: String) -> String {
            Self.toClusterIP.replacing("KUBE-CLUSTER-IP", with: "KUBE-6-CLUSTER-IP") + " dst,dst \(rest)"
        }
        let masquerade = "-j KUBE-MARK-MASQ"
        let expected: [(LocalTrafficDetector, [String])] = [
            (.none, [toClusterIP(own)]),
            (.clusterCIDR(network), [toClusterIP(own), "! -s \(network) " + toClusterIP(masquerade)]),
            (.bridgeInterface("cbr0"), [toClusterIP(own), "! -i cbr0 " + toClusterIP(masquerade)]),
            (.interfaceNamePrefix("veth"), [toClusterIP(own), "! -i veth+ " + toClusterIP(masquerade)]),
        ]
        for (detector, rules) in expected {
            let addresses = Ruleset(RuleConfiguration(localDetector: detector), .v6)
            let routes = Ruleset(RuleConfiguration(localDetector: detector, ownTraffic: .isFromTheNode), .v6)
            // Beside the rule for cluster IPs, which is the third, those of the policy `Local`.
            let same = { (rule: String) in rule.replacing("src,dst \(masquerade)", with: "dst,dst \(own)") }
            #expect(routes[.services] == addresses[.services][..<2] + rules + addresses[.services][3...].map(same))
            #expect(routes[.services].count { $0.contains("EXTERNAL-IP-LOCAL") && $0.hasSuffix(own) } == 1)
            #expect(routes[.loadBalancer] == addresses[.loadBalancer].map(same))
            #expect(routes[.loadBalancer].first?.hasSuffix(own) == true)
            for chain in ServiceChain.allCases where chain != .services && chain != .loadBalancer {
                #expect(routes[chain] == addresses[chain])
            }
            #expect(ServiceChain.allCases.allSatisfy { routes[$0].allSatisfy { !$0.contains("src,dst ") } })
        }
        let toAll = RuleConfiguration(masqueradeAll: true, localDetector: .none, ownTraffic: .isFromTheNode)
        #expect(Ruleset(toAll, .v6)[.services][2] == toClusterIP(masquerade))
    }

    @Test func `another mark bit is in all four rules that have the mark`() {
        let ruleset = Ruleset(RuleConfiguration(masqueradeMark: 1 << 31), .v4)
        #expect(ruleset[.markMasquerade] == ["-j MARK --set-xmark 0x80000000/0x80000000"])
        #expect(ruleset[.postrouting][1] == "-m mark ! --mark 0x80000000/0x80000000 -j RETURN")
        #expect(ruleset[.postrouting][2] == "-j MARK --set-xmark 0x80000000/0x0")
        #expect(ruleset[.forward][0].contains("-m mark --mark 0x80000000/0x80000000 -j ACCEPT"))
    }

    @Test func `source ports are random where iptables knows how`() {
        let masquerade = "-m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE"
        #expect(Ruleset(RuleConfiguration(usesRandomFully: false), .v4)[.postrouting].last == masquerade)
        #expect(
            Ruleset(RuleConfiguration(usesRandomFully: true), .v4)[.postrouting].last == "\(masquerade) --random-fully")
    }

    @Test func `servers closed to the node are dropped in the order of their addresses, each once`() throws {
        let servers = [
            try server("10.0.0.9", 443, .tcp), try server("10.0.0.9", 53, .udp), try server("10.0.0.2", 443, .sctp),
            try server("fd00::9", 443, .tcp), try server("10.0.0.9", 443, .tcp),
        ]
        let expected = [
            "-s 10.0.0.2/32 -m ipvs --vproto 132 --vaddr 10.0.0.2 --vport 443 -j DROP",
            "-s 10.0.0.9/32 -m ipvs --vproto 17 --vaddr 10.0.0.9 --vport 53 -j DROP",
            "-s 10.0.0.9/32 -m ipvs --vproto 6 --vaddr 10.0.0.9 --vport 443 -j DROP",
        ]
        #expect(Ruleset(RuleConfiguration(), .v4, closedServers: servers)[.ipvsOutFilter] == expected)
        #expect(
            Ruleset(RuleConfiguration(), .v6, closedServers: servers)[.ipvsOutFilter]
                == ["-s fd00::9/128 -m ipvs --vproto 6 --vaddr fd00::9 --vport 443 -j DROP"])
    }

    @Test func `where virtual IPs are routes, closed servers are dropped from whatever address the node sends`() throws
    {
        let configuration = RuleConfiguration(ownTraffic: .isFromTheNode)
        let servers = [try server("fd00::9", 443, .tcp), try server("10.0.0.9", 53, .udp)]
        #expect(
            Ruleset(configuration, .v6, closedServers: servers)[.ipvsOutFilter] == [
                "-m ipvs ! --ipvs -j RETURN", "-m addrtype ! --src-type LOCAL -j RETURN",
                "-m ipvs --vproto 6 --vaddr fd00::9 --vport 443 -j DROP",
            ])
        #expect(Ruleset(configuration, .v6)[.ipvsOutFilter].isEmpty)
    }

    @Test func `every set is matched on, and no name is longer than the kernel takes`() {
        for (family, ownTraffic) in [(IPFamily.v4, OwnTraffic.isFromVirtualIPs), (.v6, .isFromTheNode)] {
            let ruleset = Ruleset(RuleConfiguration(ownTraffic: ownTraffic), family)
            let rules = ServiceChain.allCases.flatMap { ruleset[$0] }
            let matched = Set(
                rules.flatMap { rule -> [String] in
                    let words = rule.split(separator: " ").map(String.init)
                    return zip(words, words.dropFirst()).filter { $0.0 == "--match-set" }.map(\.1)
                })
            #expect(matched == Set(ServiceSet.allCases.map { $0.name(for: family) }))
        }
        // `XT_EXTENSION_MAXNAMELEN` with its final zero is 29.
        #expect(ServiceChain.allCases.allSatisfy { $0.name.utf8.count <= 28 })
    }
}
