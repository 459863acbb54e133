// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import ServicePlan
import Testing

struct SettingsTests: ConfigurationChanging {
    private func settings(_ change: Change) throws -> EffectiveSettings {
        try EffectiveSettings(configuration(change), hostname: "Host")
    }

    @Test func `addresses become values`() throws {
        let settings = try settings {
            $0.bindAddress = "fd00::1"
            $0.healthzBindAddress = "[fd00::2]:1"
            $0.metricsBindAddress = ""
            $0.clusterCIDR = "10.1.2.3/8,fd00::/48"
            $0.nodePortAddresses = ["192.0.2.0/24"]
            $0.ipvs.excludeCIDRs = ["198.51.100.0/24"]
        }
        #expect(settings.bindAddress == IPAddress("fd00::1"))
        #expect(settings.healthEndpoint == IPAddress("fd00::2").map { BindAddress(address: $0, port: 1) })
        #expect(settings.metricsEndpoint == nil)
        #expect(settings.detectLocalMode == .clusterCIDR(["10.0.0.0/8", "fd00::/48"].compactMap { IPPrefix($0) }))
        #expect(settings.nodePortAddresses == .inside(["192.0.2.0/24"].compactMap { IPPrefix($0) }))
        #expect(settings.excludedNetworks == ["198.51.100.0/24"].compactMap { IPPrefix($0) })
    }

    @Test(arguments: [
        ("NodeCIDR", EffectiveSettings.DetectLocalMode.nodeCIDR), ("BridgeInterface", .bridgeInterface("cbr0")),
        ("InterfaceNamePrefix", .interfaceNamePrefix("veth")), ("", .clusterCIDR([])),
    ])
    func `each way to tell local traffic has its data`(mode: String, expected: EffectiveSettings.DetectLocalMode) throws
    {
        let settings = try settings {
            $0.detectLocalMode = mode
            $0.detectLocal.bridgeInterface = "cbr0"
            $0.detectLocal.interfaceNamePrefix = "veth"
        }
        #expect(settings.detectLocalMode == expected)
    }

    @Test func `zero leaves the kernel's values alone`() throws {
        let settings = try settings {
            $0.conntrack.maxPerCore = 0
            $0.conntrack.tcpEstablishedTimeout = .zero
            $0.conntrack.udpTimeout = .seconds(30)
            $0.ipvs.tcpTimeout = .milliseconds(1999)
            $0.clientConnection.qps = -1
        }
        #expect(settings.conntrack.maximumPerCore == nil)
        #expect(settings.conntrack.tcpEstablishedTimeout == nil)
        #expect(settings.conntrack.udpTimeout == .seconds(30))
        #expect(settings.ipvsTimeouts == IPVSTimeouts(tcp: 1, tcpFin: 0, udp: 0))
        #expect(settings.client.requestsPerSecond == nil)
    }

    @Test func `masquerading is what the iptables block says`() throws {
        let settings = try settings {
            $0.iptables.masqueradeAll = true
            $0.iptables.masqueradeBit = 15
            $0.nftables.masqueradeBit = 3
        }
        #expect(settings.masqueradeAll)
        #expect(settings.masqueradeBit == 15)
    }

    @Test(arguments: [("", "host"), (" Node-1 ", "node-1")])
    func `the node's name is the override, or the host's name`(override: String, name: String) throws {
        #expect(try settings { $0.hostnameOverride = override }.nodeName == name)
    }

    @Test func `a host without a name is refused`() {
        #expect(throws: ConfigurationError.self) { try EffectiveSettings(configuration(), hostname: " ") }
    }

    @Test func `feature gates count one by one before all of a stage`() throws {
        #expect(try settings { _ in }.featureGates == FeatureGates())
        let gates = try settings {
            $0.featureGates = [
                "AllBeta": false, "ComponentStatusz": true, "AllowServiceExternalIPs": false, "AllAlpha": true,
            ]
        }.featureGates
        #expect(!gates.componentFlagz)
        #expect(gates.componentStatusz)
        #expect(!gates.allowServiceExternalIPs)
        #expect(gates.loggingAlphaOptions)
    }
}
