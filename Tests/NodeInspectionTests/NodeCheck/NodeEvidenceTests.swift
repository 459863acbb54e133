// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import Testing

@testable import NodeInspection
@testable import NodeStartup

/// What `check` says of what it has read.
@Suite struct NodeEvidenceTests {
    private static let clean = NodeEvidence(release: "6.12.9-amd64", programs: ["systemd", "kubelet"])

    /// What is found beside what is found on a clean node.
    private func findings(_ change: (inout NodeEvidence) -> Void) -> [String] {
        var evidence = Self.clean
        change(&evidence)
        return evidence.findings.filter { !Self.clean.findings.contains($0) }.map {
            "\($0.verdict) \($0.subject): \($0.words)"
        }
    }

    @Test func `nothing is said against a clean node`() {
        #expect(Self.clean.findings.allSatisfy { $0.verdict == .ok })
    }

    @Test func `a kernel that is older than the tested ones, or unknown, is noticed`() {
        #expect(findings { $0.release = "5.4.0-91" } == ["notice kernel: 5.4.0-91; tested are 5.10 and later"])
        #expect(findings { $0.release = "" } == ["warning kernel: '' is no version that is known here"])
    }

    @Test func `the right to change the network is needed`() {
        #expect(
            findings {
                $0.capabilities = Capability.effective(status: "Name:\tx\nCapEff:\t00000000a80425fb\n") ?? 0
            } == [
                "failure privileges: CAP_NET_ADMIN is missing: run as root, or give it to the container"
            ])
        #expect(Capability.effective(status: "CapInh:\t0\nCapEff:\t0000000000001000\n") == 1 << 12)
        #expect(
            findings { $0.capabilities = 1 << 12 } == [
                "failure privileges: CAP_NET_RAW is missing: run as root, or give it to the container"
            ])
        #expect(findings { $0.capabilities = 3 << 12 } == [])
    }

    @Test func `each setting that would be written is named, and one that cannot be read is a failure`() {
        #expect(
            findings {
                $0.settingChanges = ["write 1 to net/ipv4/ip_forward"]
                $0.settingFailures = ["cannot read net/ipv4/vs/conntrack: Permission denied"]
            } == [
                "failure settings: cannot read net/ipv4/vs/conntrack: Permission denied",
                "notice settings: the daemon would write 1 to net/ipv4/ip_forward",
            ])
    }

    @Test(
        arguments: [
            (["all": 0, "default": 1, "lo": 1, "eth0": 2], nil),
            (["all": 0, "eth0": 1, "eth1": 2], "eth0"),
            // The larger counts, so 1 for all makes 0 strict and leaves 2 loose.
            (["all": 1, "eth0": 0, "eth1": 2], "eth0"),
            (["all": 2, "eth0": 1], nil),
        ] as [([String: Int], String?)])
    func `reverse path filters are strict where the larger of all and the interface's own is 1`(
        filters: [String: Int],
        strict: String?
    ) {
        let expected = strict.map {
            ["notice rp_filter: strict on \($0): packets whose way back is another interface are dropped"]
        }
        #expect(findings { $0.reversePathFilters = filters } == expected ?? [])
    }

    @Test func `without clusterCIDR and masqueradeAll a strict rp_filter is explained with the node's own routes`()
        throws
    {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0132A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
            eth0\t0032A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            overlay\t0002F40A\t0002F40A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
            overlay\t0003F40A\t0003F40A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
            veth1\t0B01F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
            *\t0004F40A\t00000000\t0200\t0\t0\t0\t00FFFFFF\t0\t0\t0
            overlay\tnonsense
            """
        let routes = NodeEvidence.linkRoutes(table)
        #expect(routes.keys.sorted() == ["eth0", "overlay", "veth1"])
        let strict = ["all": 1, "eth0": 0, "overlay": 0, "veth1": 0]
        func explained(_ change: (inout NodeEvidence) -> Void = { _ in }) -> [String] {
            findings {
                $0.reversePathFilters = strict
                $0.linkRoutes = routes
                $0.detectLocalMode = .clusterCIDR([])
                change(&$0)
            }.filter { $0.hasPrefix("notice rp_filter: neither") }
        }
        #expect(
            explained() == [
                "notice rp_filter: neither clusterCIDR nor masqueradeAll is set, so packets to cluster IPs keep the address of their "
                    + "client. Of what comes by overlay, the kernel takes sources in 10.244.2.0/24, 10.244.3.0/24 alone: "
                    + "the default route is by eth0. If other nodes send by overlay, set net.ipv4.conf.overlay.rp_filter to 2, "
                    + "or set clusterCIDR"
            ])
        let lone = explained { $0.linkRoutes["eth0"] = nil }
        #expect(lone.first?.contains("alone: there is no default route. If") == true)
        #expect(explained { $0.reversePathFilters["overlay"] = 2 } == [])
        #expect(explained { $0.masqueradesAll = true } == [])
        let cluster = try #require(IPPrefix("10.244.0.0/16"))
        #expect(explained { $0.detectLocalMode = .clusterCIDR([cluster]) } == [])
    }

    @Test func `a lock that was mounted as a directory is a failure`() {
        #expect(findings { $0.lockIsFile = false }.map { $0.prefix(22) } == ["failure xtables lock: "])
        #expect(findings { $0.lockIsFile = true } == ["ok xtables lock: /run/xtables.lock"])
    }

    @Test func `virtual servers that the daemon would remove are named`() {
        let servers = (1...4).map {
            VirtualServer.ID(address: IPAddress(v4: 0x0a00_0000 + $0), port: 80, transport: .tcp)
        }
        #expect(
            findings { $0.foreignServers = servers.reversed() } == [
                "warning IPVS: 4 virtual servers are no proxy's (TCP 10.0.0.1:80, TCP 10.0.0.2:80, TCP 10.0.0.3:80, …), "
                    + "and would be removed: name their networks in ipvs.excludeCIDRs"
            ])
    }

    private static let manyAddresses =
        ": every program that lists the node's addresses pays for each (agents of monitoring, BIRD, SSSD, NetworkManager), "
        + "and a load takes time that grows with the square of their number. --virtual-ips=routes, or "
        + "KUBE_IPVS_VIRTUAL_IPS=routes, makes them local routes instead"

    @Test func `more than 2,000 virtual IPs that are addresses are a warning, which names the flag for routes`() {
        #expect(
            findings { $0.boundVirtualIPs = 2_000 } == [
                "ok virtual IPs: 2000 addresses of kube-ipvs0 and 0 local routes are there"
            ])
        #expect(
            findings { $0.boundVirtualIPs = 2_001 } == [
                "warning virtual IPs: 2001 addresses of kube-ipvs0 and 0 local routes are there" + Self.manyAddresses
            ])
        // Before the daemon's first start.
        #expect(
            findings { $0.wantedVirtualIPs = 5_000 } == [
                "warning virtual IPs: 0 addresses of kube-ipvs0 and 0 local routes are there, and Services want 5000"
                    + Self.manyAddresses
            ])
        #expect(
            findings {
                $0.virtualIPMode = .routes
                $0.wantedVirtualIPs = 5_000
                $0.routedVirtualIPs = 5_000
            } == ["ok virtual IPs: 0 addresses of kube-ipvs0 and 5000 local routes are there"])
    }

    @Test func `virtual IPs that the daemon would make the node's own in the other way are noticed`() {
        #expect(
            findings {
                $0.virtualIPMode = .routes
                $0.boundVirtualIPs = 3_000
                $0.routedVirtualIPs = 4
            } == [
                "notice virtual IPs: 3000 addresses of kube-ipvs0 and 4 local routes are there; "
                    + "the daemon would make all of them routes, with connections open"
            ])
        #expect(
            findings { $0.routedVirtualIPs = 4 } == [
                "notice virtual IPs: 0 addresses of kube-ipvs0 and 4 local routes are there; "
                    + "the daemon would make all of them addresses, with connections open"
            ])
    }

    @Test func `a second proxy is a warning, and who manages links is told`() {
        #expect(
            findings { $0.programs = ["kube-proxy", "systemd-network"] } == [
                "warning other proxies: kube-proxy runs: two proxies undo each other's work",
                "notice link owners: systemd-networkd runs: see that it leaves kube-ipvs0 alone",
            ])
    }

    @Test func `a finding is one line, and is read back from it`() throws {
        let finding = NodeFinding(.warning, "trial, IPv4: x", "two\nlines\tand a tab")
        #expect(finding.description == "warning\ttrial, IPv4: x\ttwo lines\tand a tab")
        #expect(NodeFinding(finding.description) == finding)
        #expect(NodeFinding("worse\tx\ty") == nil)
        #expect(NodeFinding("ok\tx") == nil)
    }
}
