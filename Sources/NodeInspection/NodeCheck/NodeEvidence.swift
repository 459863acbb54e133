// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import KubernetesObjects
import Reconcile
import ServicePlan

/// What was read of a node; the findings follow from it alone.
package struct NodeEvidence {
    /// As `/proc/sys/kernel/osrelease` has it.
    var release = ""
    /// `CapEff` of `/proc/self/status`.
    var capabilities: UInt64 = .max
    /// What iptables prints of the variant that the daemon takes, and of the other one; each by family.
    var rules: [IPFamily: String] = [:]
    var otherRules: [IPFamily: String] = [:]
    var variant = IPTablesVariant.nft
    /// By interface, `all` and `default` among them: `net.ipv4.conf.*.rp_filter`.
    var reversePathFilters: [String: Int] = [:]
    /// IPv4 routes of table `main`, by interface.
    var linkRoutes: [String: Set<IPPrefix>] = [:]
    /// `nil` when there is nothing at the path.
    var lockIsFile: Bool?
    /// Virtual servers that the daemon would take for stale although nothing tells that they are a proxy's.
    var foreignServers: [VirtualServer.ID] = []
    /// The virtual servers that Services want; empty where those are not known.
    var wantedServers: Set<VirtualServer.ID> = []
    /// Those of the Services, and those that they may get.
    var nodePorts = Self.usualNodePorts
    /// `net.ipv4.ip_local_port_range`, and what `ip_local_reserved_ports` takes out of it.
    var localPortRange: ClosedRange<UInt16>?
    var reservedPorts: [ClosedRange<UInt16>] = []
    /// `net.bridge.bridge-nf-call-iptables`; `nil` without br_netfilter.
    var bridgeCallsRules: Bool?
    /// `nf_conntrack_count` and `nf_conntrack_max`.
    var flowCount: Int?
    var flowLimit: Int?
    /// `drop_entry`, `drop_packet` and `secure_tcp` of `net.ipv4.vs`.
    var defenceModes: [String: Int] = [:]
    /// In seconds: `net.ipv4.tcp_keepalive_time`, and after how long IPVS forgets a connection.
    var keepaliveTime: Int?
    var ipvsTCPTimeout: Int?
    /// Each with the interface that has it, in words.
    var clusterIPsElsewhere: [String] = []
    /// External and load balancer IPs that others have, by Service.
    var addressConcerns: [ObjectName: Set<AddressConcern>] = [:]
    /// How pods of this node are told from others; `nil` where that is not looked at.
    var detectLocalMode: EffectiveSettings.DetectLocalMode?
    var masqueradesAll = false
    /// The Node's `podCIDRs`; `nil` where the Node is not known.
    var podNetworks: [IPPrefix]?
    var clusterIPAddresses: Set<IPAddress> = []
    /// The names of all interfaces.
    var interfaces: Set<String> = []
    /// How virtual IPs are to become the node's own, and how many are in which way.
    var virtualIPMode = VirtualIPMode.addresses
    var boundVirtualIPs = 0
    var routedVirtualIPs = 0
    /// How many of them Services want.
    var wantedVirtualIPs = 0
    /// How many virtual and real servers there are, or would be.
    var serverCount = 0
    /// `net.ipv4.vs.run_estimation`; `nil` where the kernel has none.
    var runsEstimation: Bool?
    /// Of each of the sets that is there.
    var setFills: [SetFill] = []
    /// The names of the programs that run, as far as they can be seen from here.
    var programs: Set<String> = []
    /// What would be written to the kernel's settings.
    var settingChanges: [String] = []
    var settingFailures: [String] = []

    /// Of `linux/capability.h`. The raw socket is iptables': for rules that name sets, both its variants ask for the set by one.
    private static let neededCapabilities: [(name: String, bit: UInt64)] = [
        ("CAP_NET_ADMIN", 1 << 12), ("CAP_NET_RAW", 1 << 13),
    ]

    var findings: [NodeFinding] {
        [kernel, privileges] + settings + reversePath + network + [lock] + leftovers + foreignRules + virtualServers
            + [virtualIPs] + sizes + localTraffic + objects + otherProxies
    }

    private var kernel: NodeFinding {
        guard let version = KernelVersion(release: release) else {
            return NodeFinding(.warning, "kernel", "'\(release)' is no version that is known here")
        }
        return version < KernelVersion(5, 10)
            ? NodeFinding(.notice, "kernel", "\(release); tested are 5.10 and later")
            : NodeFinding(.ok, "kernel", release)
    }

    private var privileges: NodeFinding {
        let missing = Self.neededCapabilities.filter { capabilities & $0.bit == 0 }.map(\.name)
        return missing.isEmpty
            ? NodeFinding(.ok, "privileges", Self.neededCapabilities.map(\.name).joined(separator: ", "))
            : NodeFinding(
                .failure, "privileges",
                "\(missing.joined(separator: " and ")) \(missing.count > 1 ? "are" : "is") missing: run as root, or give it to the container"
            )
    }

    private var settings: [NodeFinding] {
        let failures = settingFailures.map { NodeFinding(.failure, "settings", $0) }
        if !settingChanges.isEmpty {
            return failures + settingChanges.map { NodeFinding(.notice, "settings", "the daemon would \($0)") }
        }
        return failures.isEmpty ? [NodeFinding(.ok, "settings", "all as they should be")] : failures
    }

    private var lock: NodeFinding {
        switch lockIsFile {
        case nil: NodeFinding(.ok, "xtables lock", "not there yet; iptables makes it")
        case true?: NodeFinding(.ok, "xtables lock", "/run/xtables.lock")
        case false?:
            NodeFinding(
                .failure, "xtables lock",
                "/run/xtables.lock is no file: was it mounted without type FileOrCreate? `rmdir` it, and mount it so")
        }
    }

    /// Nothing but Services tells of a virtual server that somebody made where they want one.
    private var virtualServers: [NodeFinding] {
        let wanted = foreignServers.filter(wantedServers.contains)
        let unwanted = foreignServers.filter { !wantedServers.contains($0) }
        var findings: [NodeFinding] = []
        if !wanted.isEmpty {
            findings.append(
                NodeFinding(
                    .notice, "IPVS",
                    "\(wanted.count) virtual servers that Services want are there (\(Self.names(of: wanted))), though nothing "
                        + "else of a proxy's is: they would be taken over, and made as the Services want them"))
        }
        if !unwanted.isEmpty {
            findings.append(
                NodeFinding(
                    .warning, "IPVS",
                    "\(unwanted.count) virtual servers are no proxy's (\(Self.names(of: unwanted))), and would be removed: "
                        + "name their networks in ipvs.excludeCIDRs"))
        }
        return findings.isEmpty ? [NodeFinding(.ok, "IPVS", "no virtual servers of others")] : findings
    }

    private static func names(of servers: [VirtualServer.ID]) -> String {
        servers.sorted().prefix(3).map(\.description).joined(separator: ", ") + (servers.count > 3 ? ", …" : "")
    }

    private var otherProxies: [NodeFinding] {
        var findings: [NodeFinding] = []
        if programs.contains("kube-proxy") {
            findings.append(
                NodeFinding(.warning, "other proxies", "kube-proxy runs: two proxies undo each other's work"))
        }
        for name in ["NetworkManager", "systemd-network"] where programs.contains(name) {
            findings.append(
                NodeFinding(
                    .notice, "link owners",
                    "\(name)\(name == "systemd-network" ? "d" : "") runs: see that it leaves \(DummyLink.name) alone"))
        }
        return findings.isEmpty ? [NodeFinding(.ok, "other proxies", "none that can be seen from here")] : findings
    }
}
