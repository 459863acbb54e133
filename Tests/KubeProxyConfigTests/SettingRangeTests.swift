// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import ServicePlan
import Testing

/// Which values a configuration may have.
struct SettingRangeTests: ConfigurationChanging {
    @Test func `the defaults are valid`() {
        #expect(configuration().validate() == [])
    }

    // MARK: What is taken

    static let taken: [(String, Change)] = [
        ("masquerade bit 0", { $0.iptables.masqueradeBit = 0 }),
        ("masquerade bit 31", { $0.iptables.masqueradeBit = 31 }),
        ("score -1000", { $0.oomScoreAdj = -1000 }), ("score 1000", { $0.oomScoreAdj = 1000 }),
        (
            "no conntrack",
            {
                $0.conntrack.maxPerCore = 0; $0.conntrack.min = 0
            }
        ),
        ("minimum as period", { $0.ipvs.minSyncPeriod = .seconds(30) }),
        ("no minimum", { $0.ipvs.minSyncPeriod = .zero }),
        ("least period", { $0.configSyncPeriod = .nanoseconds(1) }), ("a node IP", { $0.bindAddress = "fd00::1" }),
        ("leading zeros", { $0.bindAddress = "010.0.0.1" }),
        ("port 65535", { $0.healthzBindAddress = "0.0.0.0:65535" }),
        ("port 1", { $0.metricsBindAddress = "[::]:1" }), ("a network", { $0.clusterCIDR = "fd00::/48" }),
        ("two networks", { $0.clusterCIDR = "10.0.0.0/8,fd00::/48" }),
        ("primary", { $0.nodePortAddresses = ["primary"] }),
        ("networks", { $0.nodePortAddresses = ["10.0.0.0/8", "192.0.2.0/24", "fd00::/8"] }),
        ("exclusions", { $0.ipvs.excludeCIDRs = ["10.0.0.1/32"] }), ("a scheduler", { $0.ipvs.scheduler = "mh" }),
        ("timeouts", { $0.ipvs.tcpTimeout = .seconds(2_147_483) }), ("no burst", { $0.clientConnection.burst = 0 }),
        ("node networks", { $0.detectLocalMode = "NodeCIDR" }),
        ("a version", { $0.showHiddenMetricsForVersion = "1.35" }),
        (
            "a bridge",
            {
                $0.detectLocalMode = "BridgeInterface"; $0.detectLocal.bridgeInterface = "br-0123456789ab"
            }
        ),
        (
            "a prefix",
            {
                $0.detectLocalMode = "InterfaceNamePrefix"; $0.detectLocal.interfaceNamePrefix = "veth"
            }
        ),
        ("no health server", { $0.healthzBindAddress = "" }), ("no metrics server", { $0.metricsBindAddress = "" }),
        (
            "other modes' own",
            {
                $0.nftables.masqueradeBit = 99; $0.iptables.syncPeriod = .zero; $0.portRange = "x"
            }
        ),
        ("a locked gate", { $0.featureGates = ["PreferSameTrafficDistribution": true] }),
        ("json", { $0.logging.format = "json" }),
        (
            "alpha options",
            {
                $0.featureGates = ["AllAlpha": true]; $0.logging.jsonOptions.infoBufferSize = "64Ki"
            }
        ),
        ("file verbosity", { $0.logging.vmodule = [.init(filePattern: "proxier", verbosity: 4)] }),
    ]

    @Test(arguments: taken)
    func `what is in range is taken`(name: String, change: Change) {
        #expect(configuration(change).validate() == [])
    }

    // MARK: What is refused

    static let networks = "a network, or one of each family, such as 10.100.0.0/16 or 10.100.0.0/16,fde4:8dba:82e1::/48"
    static let endpoint = "an IP address with a port from 1 to 65535, such as 0.0.0.0:10256 or [::]:10256"
    static let gate = "possible without the feature gate LoggingAlphaOptions"
    static let refused: [(String, Change)] = [
        ("iptables.masqueradeBit: 32 is not a number from 0 to 31", { $0.iptables.masqueradeBit = 32 }),
        ("iptables.masqueradeBit: -1 is not a number from 0 to 31", { $0.iptables.masqueradeBit = -1 }),
        ("oomScoreAdj: -1001 is not a number from -1000 to 1000", { $0.oomScoreAdj = -1001 }),
        ("oomScoreAdj: 1001 is not a number from -1000 to 1000", { $0.oomScoreAdj = 1001 }),
        ("conntrack.maxPerCore: -1 is not a number from 0 to 2147483647", { $0.conntrack.maxPerCore = -1 }),
        ("conntrack.min: -1 is not a number from 0 to 2147483647", { $0.conntrack.min = -1 }),
        (
            "conntrack.tcpEstablishedTimeout: -1s is not a duration of 0s or more",
            { $0.conntrack.tcpEstablishedTimeout = .seconds(-1) }
        ),
        (
            "conntrack.tcpCloseWaitTimeout: -1ns is not a duration of 0s or more",
            { $0.conntrack.tcpCloseWaitTimeout = .nanoseconds(-1) }
        ),
        ("conntrack.udpTimeout: -1s is not a duration of 0s or more", { $0.conntrack.udpTimeout = .seconds(-1) }),
        (
            "conntrack.udpStreamTimeout: -1s is not a duration of 0s or more",
            { $0.conntrack.udpStreamTimeout = .seconds(-1) }
        ),
        ("configSyncPeriod: 0s is not greater than 0s", { $0.configSyncPeriod = .zero }),
        ("ipvs.syncPeriod: -5s is not greater than 0s", { $0.ipvs.syncPeriod = .seconds(-5) }),
        ("ipvs.minSyncPeriod: -1s is not a duration of 0s or more", { $0.ipvs.minSyncPeriod = .seconds(-1) }),
        (
            "ipvs.minSyncPeriod: 31s is not from 0s to the syncPeriod, which is 30s",
            { $0.ipvs.minSyncPeriod = .seconds(31) }
        ),
        ("ipvs.tcpTimeout: -1s is not from 0s to 2147483s", { $0.ipvs.tcpTimeout = .seconds(-1) }),
        ("ipvs.tcpFinTimeout: 596h31m24s is not from 0s to 2147483s", { $0.ipvs.tcpFinTimeout = .seconds(2_147_484) }),
        ("ipvs.udpTimeout: -500ms is not from 0s to 2147483s", { $0.ipvs.udpTimeout = .milliseconds(-500) }),
        ("bindAddress: \"10.0.0.1:80\" is not an IP address", { $0.bindAddress = "10.0.0.1:80" }),
        ("bindAddress: \"[::]\" is not an IP address", { $0.bindAddress = "[::]" }),
        ("healthzBindAddress: \"0.0.0.0\" is not \(endpoint)", { $0.healthzBindAddress = "0.0.0.0" }),
        ("healthzBindAddress: \"0.0.0.0:0\" is not \(endpoint)", { $0.healthzBindAddress = "0.0.0.0:0" }),
        ("healthzBindAddress: \"0.0.0.0:65536\" is not \(endpoint)", { $0.healthzBindAddress = "0.0.0.0:65536" }),
        ("metricsBindAddress: \"host:1\" is not \(endpoint)", { $0.metricsBindAddress = "host:1" }),
        ("metricsBindAddress: \"::1:1\" is not \(endpoint)", { $0.metricsBindAddress = "::1:1" }),
        ("metricsBindAddress: \"1.2.3.4:+1\" is not \(endpoint)", { $0.metricsBindAddress = "1.2.3.4:+1" }),
        ("clusterCIDR: \"10.0.0.0\" is not \(networks)", { $0.clusterCIDR = "10.0.0.0" }),
        ("clusterCIDR: \"10.0.0.0/8,\" is not \(networks)", { $0.clusterCIDR = "10.0.0.0/8," }),
        ("clusterCIDR: \"10.0.0.0/8,11.0.0.0/8\" is not \(networks)", { $0.clusterCIDR = "10.0.0.0/8,11.0.0.0/8" }),
        (
            "clusterCIDR: \"10.0.0.0/8,fd00::/48,fd01::/48\" is not \(networks)",
            { $0.clusterCIDR = "10.0.0.0/8,fd00::/48,fd01::/48" }
        ),
        (
            "nodePortAddresses[1]: \"10.0.0.1\" is not a network such as 10.0.0.0/8 or fd00::/64",
            { $0.nodePortAddresses = ["10.0.0.0/8", "10.0.0.1"] }
        ),
        (
            "nodePortAddresses: \"primary,10.0.0.0/8\" is not a list of networks, or \"primary\" alone",
            { $0.nodePortAddresses = ["primary", "10.0.0.0/8"] }
        ),
        (
            "ipvs.excludeCIDRs[0]: \"\" is not a network such as 10.0.0.0/8 or fd00::/64",
            { $0.ipvs.excludeCIDRs = [""] }
        ),
        (
            "ipvs.scheduler: \"r r\" is not the name of an IPVS scheduler, of 1 to 15 letters, such as rr, wlc or mh",
            { $0.ipvs.scheduler = "r r" }
        ),
        (
            "detectLocalMode: \"Bridge\" is not ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
            { $0.detectLocalMode = "Bridge" }
        ),
        (
            "detectLocal.bridgeInterface: \"\" is not the name of an interface, of 1 to 15 bytes, which detectLocalMode needs",
            { $0.detectLocalMode = "BridgeInterface" }
        ),
        (
            "detectLocal.interfaceNamePrefix: \"veth-0123456789\" is not the name of an interface, of 1 to 14 bytes, which "
                + "detectLocalMode needs",
            {
                $0.detectLocalMode = "InterfaceNamePrefix"; $0.detectLocal.interfaceNamePrefix = "veth-0123456789"
            }
        ),
        (
            "detectLocal.bridgeInterface: \"a -j DROP\" is not the name of an interface, of 1 to 15 bytes, which "
                + "detectLocalMode needs",
            {
                $0.detectLocalMode = "BridgeInterface"; $0.detectLocal.bridgeInterface = "a -j DROP"
            }
        ),
        ("clientConnection.burst: -1 is not a number from 0 to 2147483647", { $0.clientConnection.burst = -1 }),
        (
            "showHiddenMetricsForVersion: \"1\" is not a version with two parts, such as 1.35",
            { $0.showHiddenMetricsForVersion = "1" }
        ),
        (
            "featureGates.PreferSameTrafficDistribution: false is not true, to which Kubernetes has locked it",
            { $0.featureGates = ["PreferSameTrafficDistribution": false] }
        ),
        ("logging.format: \"xml\" is not text or json", { $0.logging.format = "xml" }),
        ("logging.verbosity: -1 is not a number from 0 to 2147483647", { $0.logging.verbosity = -1 }),
        (
            "logging.vmodule[0].filePattern: \"\" is not a pattern of file names, without = and comma",
            { $0.logging.vmodule = [.init(filePattern: "", verbosity: 1)] }
        ),
        (
            "logging.vmodule: a list is not possible with logging.format json",
            {
                $0.logging.format = "json"; $0.logging.vmodule = [.init(filePattern: "a", verbosity: 1)]
            }
        ),
        ("logging.options.text.splitStream: true is not \(gate)", { $0.logging.textOptions.splitStream = true }),
        (
            "logging.options.json.infoBufferSize: \"1Ki\" is not \(gate)",
            { $0.logging.jsonOptions.infoBufferSize = "1Ki" }
        ),
        (
            "logging.options.json.infoBufferSize: \"much\" is not a number of bytes such as 0, 512 or 64Ki",
            { $0.logging.jsonOptions.infoBufferSize = "much" }
        ),
        ("hostnameOverride: \"  \" is not the name of a Node", { $0.hostnameOverride = "  " }),
    ]

    @Test(arguments: refused)
    func `what is out of range is named with its value and the range`(message: String, change: Change) {
        #expect(configuration(change).validate().map(\.description) == [message])
    }

    @Test(arguments: ["", "iptables", "nftables", "kernelspace", "IPVS"])
    func `a mode that is not ipvs is refused with what to do`(mode: String) {
        let messages = configuration { $0.mode = mode }.validate().map(\.description)
        #expect(messages.count == 1)
        #expect(messages.allSatisfy { $0.contains("mode: ipvs") && $0.contains("--proxy-mode=ipvs") })
    }

    @Test func `all that is wrong is told at once`() {
        let invalid = configuration {
            $0.mode = "iptables"
            $0.bindAddress = "x"
            $0.ipvs.syncPeriod = .zero
            $0.ipvs.excludeCIDRs = ["a", "10.0.0.0/8", "b"]
            $0.iptables.masqueradeBit = 40
        }.validate()
        let fields = [
            "mode", "bindAddress", "ipvs.excludeCIDRs[0]", "ipvs.excludeCIDRs[2]", "ipvs.syncPeriod",
            "iptables.masqueradeBit",
        ]
        #expect(invalid.map(\.field) == fields)
    }
}
