// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser

/// The mode, and its own settings.
struct IPVSFlags: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Must be ipvs.", valueName: "mode"))
    var proxyMode: String?

    @Option(
        help: ArgumentHelp("The longest time between two passes that verify all. (default: 30s)", valueName: "duration")
    )
    var ipvsSyncPeriod: String?

    @Option(help: ArgumentHelp("The least time between two passes. (default: 1s)", valueName: "duration"))
    var ipvsMinSyncPeriod: String?

    @Option(help: ArgumentHelp("The scheduler of all virtual servers. (default: rr)", valueName: "name"))
    var ipvsScheduler: String?

    @Option(help: ArgumentHelp("Networks whose virtual servers are left alone.", valueName: "cidrs"))
    var ipvsExcludeCidrs: [String] = []

    @Option(help: ArgumentHelp("Set arp_ignore to 1 and arp_announce to 2.", valueName: "bool"))
    var ipvsStrictArp: String?

    @Option(
        help: ArgumentHelp("How long idle TCP connections are kept. (default: the kernel's)", valueName: "duration"))
    var ipvsTcpTimeout: String?

    @Option(
        help: ArgumentHelp(
            "How long TCP connections are kept after a FIN. (default: the kernel's)", valueName: "duration"))
    var ipvsTcpfinTimeout: String?

    @Option(help: ArgumentHelp("How long UDP flows are kept. (default: the kernel's)", valueName: "duration"))
    var ipvsUdpTimeout: String?

    func apply(to flags: inout FlagApplier) {
        flags.set("proxy-mode", proxyMode, \.mode, at: "mode", .text)
        flags.set("ipvs-sync-period", ipvsSyncPeriod, \.ipvs.syncPeriod, at: "ipvs.syncPeriod", .duration)
        flags.set("ipvs-min-sync-period", ipvsMinSyncPeriod, \.ipvs.minSyncPeriod, at: "ipvs.minSyncPeriod", .duration)
        flags.set("ipvs-scheduler", ipvsScheduler, \.ipvs.scheduler, at: "ipvs.scheduler", .text)
        flags.setList("ipvs-exclude-cidrs", ipvsExcludeCidrs, \.ipvs.excludeCIDRs, at: "ipvs.excludeCIDRs")
        flags.set("ipvs-strict-arp", ipvsStrictArp, \.ipvs.strictARP, at: "ipvs.strictARP", .bool)
        flags.set("ipvs-tcp-timeout", ipvsTcpTimeout, \.ipvs.tcpTimeout, at: "ipvs.tcpTimeout", .duration)
        flags.set("ipvs-tcpfin-timeout", ipvsTcpfinTimeout, \.ipvs.tcpFinTimeout, at: "ipvs.tcpFinTimeout", .duration)
        flags.set("ipvs-udp-timeout", ipvsUdpTimeout, \.ipvs.udpTimeout, at: "ipvs.udpTimeout", .duration)
    }
}

/// Masquerading, local traffic and node ports.
struct RuleFlags: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The bit of the mark that asks for masquerading, 0 to 31. (default: 14)", valueName: "number"))
    var iptablesMasqueradeBit: String?

    @Option(help: ArgumentHelp("Masquerade all traffic to cluster IPs.", valueName: "bool"))
    var masqueradeAll: String?

    @Option(help: ArgumentHelp("For mode iptables; carried through.", valueName: "bool"))
    var iptablesLocalhostNodeports: String?

    @Option(help: ArgumentHelp("For mode iptables; carried through.", valueName: "duration"))
    var iptablesSyncPeriod: String?

    @Option(help: ArgumentHelp("For mode iptables; carried through.", valueName: "duration"))
    var iptablesMinSyncPeriod: String?

    @Option(
        help: ArgumentHelp(
            "How local traffic is told: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix.",
            valueName: "mode"
        )
    )
    var detectLocalMode: String?

    @Option(help: ArgumentHelp("The bridge of the pods, for BridgeInterface.", valueName: "name"))
    var podBridgeInterface: String?

    @Option(help: ArgumentHelp("How pods' interface names start, for InterfaceNamePrefix.", valueName: "prefix"))
    var podInterfaceNamePrefix: String?

    @Option(help: ArgumentHelp("The networks of all pods, at most one of each family.", valueName: "cidrs"))
    var clusterCidr: String?

    @Option(
        help: ArgumentHelp(
            "Networks whose addresses serve node ports, or \"primary\". (default: all)", valueName: "cidrs"))
    var nodeportAddresses: [String] = []

    @Option(help: ArgumentHelp("Deprecated, has no effect.", valueName: "range"))
    var proxyPortRange: String?

    func apply(to flags: inout FlagApplier) {
        flags.set(
            "iptables-masquerade-bit",
            iptablesMasqueradeBit,
            \.iptables.masqueradeBit,
            at: "iptables.masqueradeBit",
            .number
        )
        flags.set("masquerade-all", masqueradeAll, \.iptables.masqueradeAll, at: "iptables.masqueradeAll", .bool)
        flags.set(
            "iptables-localhost-nodeports",
            iptablesLocalhostNodeports,
            \.iptables.localhostNodePorts,
            at: "iptables.localhostNodePorts",
            .bool
        )
        flags.set(
            "iptables-sync-period",
            iptablesSyncPeriod,
            \.iptables.syncPeriod,
            at: "iptables.syncPeriod",
            .duration
        )
        flags.set(
            "iptables-min-sync-period",
            iptablesMinSyncPeriod,
            \.iptables.minSyncPeriod,
            at: "iptables.minSyncPeriod",
            .duration
        )
        flags.set("detect-local-mode", detectLocalMode, \.detectLocalMode, at: "detectLocalMode", .text)
        flags.set(
            "pod-bridge-interface",
            podBridgeInterface,
            \.detectLocal.bridgeInterface,
            at: "detectLocal.bridgeInterface",
            .text
        )
        flags.set(
            "pod-interface-name-prefix",
            podInterfaceNamePrefix,
            \.detectLocal.interfaceNamePrefix,
            at: "detectLocal.interfaceNamePrefix",
            .text
        )
        flags.set("cluster-cidr", clusterCidr, \.clusterCIDR, at: "clusterCIDR", .text)
        flags.setList("nodeport-addresses", nodeportAddresses, \.nodePortAddresses, at: "nodePortAddresses")
        flags.set("proxy-port-range", proxyPortRange, \.portRange, at: "portRange", .text)
    }
}

/// Limits of the kernel's connection tracking.
struct ConntrackFlags: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Entries for each CPU; 0 leaves the limit alone. (default: 32768)", valueName: "number"))
    var conntrackMaxPerCore: String?

    @Option(help: ArgumentHelp("Entries at least, however few the CPUs. (default: 131072)", valueName: "number"))
    var conntrackMin: String?

    @Option(
        help: ArgumentHelp("Deprecated: entries in all, whatever the two above say; 0 for them.", valueName: "number"))
    var conntrackMax: String?

    @Option(help: ArgumentHelp("Of idle TCP connections; 0 leaves it alone. (default: 24h0m0s)", valueName: "duration"))
    var conntrackTcpTimeoutEstablished: String?

    @Option(
        help: ArgumentHelp(
            "Of TCP connections in CLOSE_WAIT; 0 leaves it alone. (default: 1h0m0s)", valueName: "duration"))
    var conntrackTcpTimeoutCloseWait: String?

    @Option(help: ArgumentHelp("Take packets outside of a TCP window.", valueName: "bool"))
    var conntrackTcpBeLiberal: String?

    @Option(help: ArgumentHelp("Of UDP flows without a reply. (default: the kernel's)", valueName: "duration"))
    var conntrackUdpTimeout: String?

    @Option(help: ArgumentHelp("Of UDP flows with replies. (default: the kernel's)", valueName: "duration"))
    var conntrackUdpTimeoutStream: String?

    func apply(to flags: inout FlagApplier) {
        let section = "conntrack."
        flags.set(
            "conntrack-max-per-core", conntrackMaxPerCore, \.conntrack.maxPerCore, at: section + "maxPerCore", .number)
        flags.set("conntrack-min", conntrackMin, \.conntrack.min, at: section + "min", .number)
        flags.setConntrackMaximum(conntrackMax)
        flags.set(
            "conntrack-tcp-timeout-established",
            conntrackTcpTimeoutEstablished,
            \.conntrack.tcpEstablishedTimeout,
            at: section + "tcpEstablishedTimeout",
            .duration
        )
        flags.set(
            "conntrack-tcp-timeout-close-wait",
            conntrackTcpTimeoutCloseWait,
            \.conntrack.tcpCloseWaitTimeout,
            at: section + "tcpCloseWaitTimeout",
            .duration
        )
        flags.set(
            "conntrack-tcp-be-liberal",
            conntrackTcpBeLiberal,
            \.conntrack.tcpBeLiberal,
            at: section + "tcpBeLiberal",
            .bool
        )
        flags.set(
            "conntrack-udp-timeout", conntrackUdpTimeout, \.conntrack.udpTimeout, at: section + "udpTimeout", .duration)
        flags.set(
            "conntrack-udp-timeout-stream",
            conntrackUdpTimeoutStream,
            \.conntrack.udpStreamTimeout,
            at: section + "udpStreamTimeout",
            .duration
        )
    }
}

extension FlagApplier {
    /// kube-proxy's `--conntrack-max`, which went with 1.16: a limit for the whole node, which the configuration says as a least
    /// maximum beside one entry for each CPU.
    fileprivate mutating func setConntrackMaximum(_ text: String?) {
        if reads("conntrack-max", { _ in "0" }) { return }
        guard let text else { return }
        note("conntrack-max", at: "conntrack.min")
        guard let maximum = FlagValue.verbosity.parse(text) else {
            return refuse("conntrack-max", text, wanted: FlagValue.verbosity.wanted)
        }
        guard maximum > 0 else { return }
        configuration.conntrack.maxPerCore = 1
        configuration.conntrack.min = maximum
    }
}
