// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

@testable import NodeInspection

/// What `check` says of an earlier proxy's rules, and what it advises.
@Suite struct LeftoverTests {
    private static let portals = #"-m comment --comment "kubernetes service portals" -j KUBE-SERVICES"#
    private static let chains = ":KUBE-SVC-ABC - [0:0]\n:KUBE-SEP-DEF - [0:0]\n:KUBE-SERVICES - [0:0]\n"
    /// As kube-proxy 1.30 leaves it behind in iptables mode, and kubelet and a CNI plugin beside it.
    private static let iptablesMode = """
        *nat
        :PREROUTING ACCEPT [0:0]
        \(chains)-A PREROUTING \(portals)
        -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
        -A OUTPUT \(portals)
        -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-ABC
        COMMIT
        *filter
        -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
        -A INPUT -j KUBE-FIREWALL
        -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
        -A FORWARD -m conntrack --ctstate NEW \(portals)
        COMMIT

        """

    private func findings(_ change: (inout NodeEvidence) -> Void) -> [NodeFinding] {
        var evidence = NodeEvidence(release: "6.12.9")
        change(&evidence)
        return evidence.leftovers
    }

    @Test
    func `in the daemon's own variant what leads to rules of iptables mode is named, but for what the daemon needs`() {
        let found = findings { $0.rules = [.v4: Self.iptablesMode] }
        #expect(found.map(\.verdict) == [.warning])
        #expect(
            found.first?.words == """
                2 chains of kube-proxy in iptables mode are in iptables-nft (IPv4): they take or refuse Service traffic. Once the daemon \
                serves, take out what leads to them, and nothing else: \
                `iptables-nft -t filter -D INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS`, \
                `iptables-nft -t filter -D FORWARD -m conntrack --ctstate NEW \(Self.portals)`
                """)
    }

    @Test func `in the other variant all that leads to them is named, and what kubelet and others have stays`() {
        let found = findings {
            $0.variant = .legacy
            $0.otherRules = [.v6: Self.iptablesMode]
        }
        let words = found.first?.words ?? ""
        #expect(words.split(separator: "`").count { $0.hasPrefix("ip6tables-nft -t ") } == 5)
        #expect(words.contains("`ip6tables-nft -t nat -D PREROUTING \(Self.portals)`"))
        #expect(
            !words.contains("KUBE-FIREWALL") && !words.contains("CNI-HOSTPORT-DNAT") && !words.contains("KUBE-FORWARD"))
    }

    @Test func `rules of IPVS mode are a warning in the other variant only`() {
        let ours = "*nat\n:KUBE-SERVICES - [0:0]\n-A PREROUTING \(Self.portals)\nCOMMIT\n"
        #expect(findings { $0.rules = [.v4: ours, .v6: ours] }.map(\.verdict) == [.ok])
        let found = findings { $0.otherRules = [.v4: ours] }
        #expect(found.map(\.subject) == ["iptables variant"])
        #expect(found.first?.words.hasSuffix("`iptables-legacy -t nat -D PREROUTING \(Self.portals)`") == true)
    }

    @Test func `chains that nothing leads to are a notice`() {
        let unused = "*nat\n\(Self.chains)COMMIT\n"
        #expect(findings { $0.rules = [.v4: unused] }.map(\.verdict) == [.notice])
        #expect(findings { $0.otherRules = [.v4: unused] }.map(\.verdict) == [.notice])
    }

    @Test func `no advice takes away what serves`() {
        var evidence = NodeEvidence(release: "4.19.0")
        evidence.capabilities = 0
        evidence.lockIsFile = false
        evidence.rules = [.v4: Self.iptablesMode, .v6: Self.iptablesMode]
        evidence.otherRules = evidence.rules
        evidence.programs = ["kube-proxy", "firewalld", "NetworkManager"]
        evidence.foreignServers = [VirtualServer.ID(address: IPAddress(v4: 1 << 24), port: 1, transport: .tcp)]
        evidence.flowCount = 10
        evidence.flowLimit = 10
        evidence.defenceModes = ["drop_entry": 3]
        evidence.setFills = [SetFill(name: "KUBE-CLUSTER-IP", entries: 65_536, limit: 65_536)]
        evidence.serverCount = 100_000
        evidence.runsEstimation = true
        let texts = evidence.findings.map(\.words)
        #expect(texts.count > 12)
        for text in texts {
            for destroyer in [
                "cleanup", "--flush", " -F", " -X", "ipvsadm", "ipset destroy", "ipset flush", "rm -", "reboot",
            ] {
                #expect(!text.contains(destroyer), "\(text)")
            }
        }
    }
}
