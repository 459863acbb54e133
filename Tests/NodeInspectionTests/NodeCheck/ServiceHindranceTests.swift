// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneKernel
import DataplaneModel
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import ServicePlan
import Testing

@testable import NodeInspection

/// What `check` says of settings, rules and Services that would keep Services from working on the node.
@Suite struct ServiceHindranceTests {
    private static let clean = NodeEvidence(release: "6.12.9-amd64", programs: ["systemd", "kubelet"])

    /// What is found beside what is found on a clean node.
    private func findings(_ change: (inout NodeEvidence) -> Void) -> [String] {
        var evidence = Self.clean
        change(&evidence)
        return evidence.findings.filter { !Self.clean.findings.contains($0) }.map {
            "\($0.verdict) \($0.subject): \($0.words)"
        }
    }

    // MARK: Ports

    @Test func `node ports among the node's own ports are a warning with the line that reserves them`() {
        func found(_ range: ClosedRange<UInt16>, _ reserved: [ClosedRange<UInt16>], _ ports: Set<UInt16>?) -> [String] {
            findings {
                $0.localPortRange = range
                $0.reservedPorts = reserved
                if let ports { $0.nodePorts = ports }
            }
        }
        #expect(found(32_768...60_999, [], nil) == ["ok local ports: no node port is among them"])
        #expect(
            found(10_000...65_000, [], nil) == [
                "warning local ports: node ports (30000-32767) are among the ports 10000-65000 that the node's own connections "
                    + "come from, which then time out: set net.ipv4.ip_local_reserved_ports=30000-32767"
            ])
        #expect(found(10_000...65_000, [30_000...32_767], nil).first?.hasPrefix("ok") == true)
        // What is reserved for others stays so, and what is reserved in part is completed.
        #expect(
            found(10_000...65_000, [10_250...10_250, 30_000...31_000], nil).first?.hasSuffix(
                "ip_local_reserved_ports=10250,30000-31000,31001-32767") == true)
        #expect(
            found(32_768...60_999, [], [20_001, 40_000, 40_001, 40_003]).first?.hasSuffix(
                "ip_local_reserved_ports=40000-40001,40003") == true)
    }

    @Test func `ranges of ports are read as the kernel prints them`() {
        #expect(NodeEvidence.range("32768\t60999", "\t") == 32_768...60_999)
        #expect(NodeEvidence.range("10250", "-") == 10_250...10_250)
        #expect(NodeEvidence.range("30000-32767", "-") == 30_000...32_767)
        for text in ["", "7-", "9-3", "1-2-3", "70000", "x"] {
            #expect(NodeEvidence.range(text, "-") == (text == "7-" ? 7...7 : nil))
        }
    }

    // MARK: Rules

    @Test(arguments: ["INPUT", "OUTPUT"])
    func `a policy that drops what goes to virtual IPs is a warning, in either variant`(chain: String) {
        let listing = "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [1:2]\n:FORWARD DROP [0:0]\nCOMMIT\n"
            .replacing(":\(chain) ACCEPT", with: ":\(chain) DROP")
        #expect(
            findings { $0.rules = [.v4: listing] }.map { $0.prefix(49 + chain.count) } == [
                "warning policies: filter \(chain) of iptables (IPv4) drop"
            ])
        #expect(
            findings { $0.otherRules = [.v6: listing] }.first?.hasPrefix(
                "warning policies: filter FORWARD, filter \(chain) of the other variant of iptables (IPv6) drops")
                == true)
    }

    @Test func `FORWARD may drop where KUBE-FORWARD is, and not in the other variant`() {
        let listing = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER - [0:0]\nCOMMIT\n"
        #expect(findings { $0.rules = [.v4: listing] } == [])
        #expect(findings { $0.otherRules = [.v4: listing] }.count == 1)
        #expect(findings { $0.rules = [.v4: "*nat\n:PREROUTING DROP [0:0]\nCOMMIT\n"] }.count == 1)
        // In the other tables every chain is on the way.
        #expect(findings { $0.rules = [.v4: "*raw\n:OUTPUT DROP [0:0]\nCOMMIT\n"] }.count == 1)
    }

    @Test func `a rule that rewrites destinations before KUBE-SERVICES does is a warning`() {
        let comment = #"-m comment --comment "kubernetes service portals""#
        let listing = """
            *nat
            :PREROUTING ACCEPT [0:0]
            :CNI-HOSTPORT-DNAT - [0:0]
            :KUBE-SERVICES - [0:0]
            -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
            -A PREROUTING \(comment) -j KUBE-SERVICES
            -A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.244.1.5:8443
            COMMIT

            """
        let found = findings { $0.rules = [.v4: listing] }
        #expect(
            found.first?.hasPrefix("warning rule order: 1 rules of others come before KUBE-SERVICES (IPv4)") == true)
        #expect(found.first?.contains("CNI-HOSTPORT-DNAT") == true)
    }

    @Test func `a firewall that runs is noticed`() {
        #expect(
            findings { $0.programs.insert("firewalld") }.first?.hasPrefix("notice firewall: firewalld runs") == true)
    }

    // MARK: Settings

    @Test func `a table of flows that is nearly full is a warning`() {
        #expect(
            findings {
                $0.flowCount = 90_000
                $0.flowLimit = 100_000
            }.first?.hasPrefix("warning conntrack: 90000 of 100000 flows are tracked") == true)
        #expect(
            findings {
                $0.flowCount = 89_999
                $0.flowLimit = 100_000
            } == [])
    }

    @Test func `bridges past the rules, and IPVS's own defences, are told`() {
        #expect(findings { $0.bridgeCallsRules = true } == [])
        #expect(findings { $0.bridgeCallsRules = false }.first?.hasPrefix("notice bridges: ") == true)
        #expect(findings { $0.defenceModes = ["drop_entry": 0, "secure_tcp": 0] } == [])
        #expect(
            findings { $0.defenceModes = ["drop_entry": 1, "secure_tcp": 0] } == [
                "notice IPVS defences: net.ipv4.vs.drop_entry is 1: connections are dropped when memory is short"
            ])
        #expect(findings { $0.defenceModes = ["drop_packet": 3] }.first?.hasPrefix("warning") == true)
    }

    @Test func `connections that IPVS forgets before keepalive asks are noticed`() {
        func found(_ keepalive: Int, _ timeout: Int) -> [String] {
            findings {
                $0.keepaliveTime = keepalive
                $0.ipvsTCPTimeout = timeout
            }
        }
        #expect(
            found(7200, 900).first?.hasPrefix("notice idle connections: IPVS forgets TCP connections after 900 s")
                == true)
        #expect(found(600, 900) == [])
    }

    // MARK: Services

    @Test func `a virtual server that Services want is not called nobody's, however it is made`() {
        let server = VirtualServer.ID(address: IPAddress(v4: 0x0a60_000a), port: 80, transport: .tcp)
        let other = VirtualServer.ID(address: IPAddress(v4: 0xcb00_7101), port: 80, transport: .tcp)
        let found = findings {
            $0.foreignServers = [server, other]
            $0.wantedServers = [server]
        }
        #expect(
            found.map { $0.prefix(60) } == [
                "notice IPVS: 1 virtual servers that Services want are there ",
                "warning IPVS: 1 virtual servers are no proxy's (TCP 203.0.11",
            ])
    }

    @Test func `cluster IPs on other interfaces, and addresses of others, are warnings that name them`() throws {
        var service = Sample.service("web")
        service.externalIPs = [IPAddress(v4: 0x0a00_0002)]
        var objects = ObjectSnapshot(updates: [.service(service)])
        objects.surroundings.otherNodes = [IPAddress(v4: 0x0a00_0002)]
        let inspection = NodeInspection(
            settings: try Self.settings(), families: [.v4], objects: objects, interfaceAddresses: [])
        let clusterIP = IPAddress(v4: 0x0a60_0001)
        let found = findings {
            $0.readObjects(
                inspection,
                interfaces: [
                    InterfaceAddress(address: clusterIP, interface: "nodelocaldns"),
                    InterfaceAddress(address: clusterIP, interface: "kube-ipvs0"),
                    InterfaceAddress(address: IPAddress(v4: 0xa9fe_140a), interface: "nodelocaldns"),
                ])
        }
        #expect(
            found == [
                "warning cluster IPs: 10.96.0.1, which nodelocaldns has, is a cluster IP: who listens there hears nothing, for "
                    + "IPVS takes it first; have node-local-dns listen at its link-local address alone",
                "warning addresses: shop/web: external IP 10.0.0.2 is an address of another host: this node reaches that host "
                    + "no more but through the Service",
            ])
    }

    private static func settings() throws -> EffectiveSettings {
        try KubeProxyFlags.parse([]).load(file: nil, hostname: "here").settings
    }
}
