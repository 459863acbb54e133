// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Which addresses of the node serve node ports.
struct NodePortAddressTests {
    private let facts = NodeFacts(
        name: "here",
        nodeIPs: [.v4: "192.168.0.1", .v6: "2001:db8:a::1"],
        interfaceAddresses: [
            "127.0.0.1", "127.0.0.53", "192.168.0.1", "10.1.0.1", "10.1.0.2", "169.254.20.10",
            "::1", "2001:db8:a::1", "2001:db8:b::1", "fe80::1",
        ]
    )

    private func addresses(_ setting: PlanConfiguration.NodePortAddresses, _ family: IPFamily) -> [IPAddress] {
        PlanBasis(facts: facts, configuration: PlanConfiguration(nodePortAddresses: setting)).nodePortAddresses(
            of: family)
    }

    private static let allV4: [IPAddress] = ["10.1.0.1", "10.1.0.2", "169.254.20.10", "192.168.0.1"]
    private static let allV6: [IPAddress] = ["2001:db8:a::1", "2001:db8:b::1"]

    @Test func `unset is every address but loopback and IPv6 link-local ones`() {
        #expect(addresses(.all, .v4) == Self.allV4)
        #expect(addresses(.all, .v6) == Self.allV6)
    }

    @Test func `no network at all is every address`() {
        #expect(addresses(.inside([]), .v4) == Self.allV4)
    }

    @Test func `a zero network of the family is every address`() {
        #expect(addresses(.inside(["10.1.0.2/32", "0.0.0.0/0"]), .v4) == Self.allV4)
        #expect(addresses(.inside(["::/0"]), .v6) == Self.allV6)
    }

    @Test func `networks choose the addresses inside any of them, but never loopback`() {
        #expect(
            addresses(.inside(["10.1.0.2/32", "192.168.0.0/16", "127.0.0.0/8"]), .v4) == ["10.1.0.2", "192.168.0.1"])
        #expect(addresses(.inside(["2001:db8:b::/48", "::1/128"]), .v6) == ["2001:db8:b::1"])
    }

    @Test func `networks choose link-local addresses too`() {
        #expect(addresses(.inside(["fe80::/10"]), .v6) == ["fe80::1"])
    }

    @Test func `networks of the other family alone are as unset`() {
        #expect(addresses(.inside(["10.1.0.0/16"]), .v6) == Self.allV6)
        #expect(addresses(.inside(["2001:db8:b::/48"]), .v4) == Self.allV4)
    }

    @Test func `an IPv4-mapped address is IPv4`() {
        var facts = facts
        facts.interfaceAddresses = ["::ffff:10.1.0.1"]
        let basis = PlanBasis(facts: facts, configuration: PlanConfiguration())
        #expect(basis.nodePortAddresses(of: .v4) == ["10.1.0.1"])
        #expect(basis.nodePortAddresses(of: .v6) == [])
    }

    @Test func `primary is the node IP of the family`() {
        #expect(addresses(.primary, .v4) == ["192.168.0.1"])
        #expect(addresses(.primary, .v6) == ["2001:db8:a::1"])
    }

    @Test(arguments: [nil, "127.0.0.1"] as [IPAddress?])
    func `primary without a node IP of the family, or with a loopback one, is every address`(nodeIP: IPAddress?) {
        var facts = facts
        facts.nodeIPs[.v4] = nodeIP
        let basis = PlanBasis(facts: facts, configuration: PlanConfiguration(nodePortAddresses: .primary))
        #expect(basis.nodePortAddresses(of: .v4) == Self.allV4)
        #expect(basis.nodePortAddresses(of: .v6) == ["2001:db8:a::1"])
    }

    @Test func `primary that no interface has is no address`() {
        var facts = facts
        facts.nodeIPs[.v4] = "203.0.113.7"
        let basis = PlanBasis(facts: facts, configuration: PlanConfiguration(nodePortAddresses: .primary))
        #expect(basis.nodePortAddresses(of: .v4) == [])
    }

    // MARK: None

    private let withoutAddress = Scenario(.v4).with { scenario in
        scenario.service.kind = .loadBalancer
        scenario.service.externalTrafficPolicy = .local
        scenario.service.loadBalancerVIPs = [IPFamily.v4.loadBalancerVIP]
        scenario.service.healthCheckNodePort = 31000
        scenario.port.nodePort = 30080
        scenario.configuration.nodePortAddresses = .inside(["172.16.0.0/12"])
        scenario.endpoints = [scenario.endpoint(1, on: "here")]
    }

    @Test func `with no address the node port and the entry of the health-check node port are left out`() {
        #expect(withoutAddress.members(of: .nodePortTCP).isEmpty)
        #expect(withoutAddress.members(of: .nodePortLocalTCP).isEmpty)
        #expect(withoutAddress.members(of: .healthCheckNodePort).isEmpty)
        #expect(
            withoutAddress.contribution.virtualServers.map(\.id.address)
                == [IPFamily.v4.clusterIP, IPFamily.v4.loadBalancerVIP])
        #expect(withoutAddress.observations.omissions == [.nodePort, .healthCheckNodePort])
    }

    @Test func `with no address the health check is still answered`() {
        #expect(
            withoutAddress.observations.healthCheck
                == HealthCheck(port: 31000, localReadyAddresses: [IPFamily.v4.endpoint(1)]))
    }

    @Test func `with no address a port without a node port keeps its health-check entry`() {
        let scenario = withoutAddress.with { $0.port.nodePort = 0 }
        #expect(scenario.members(of: .healthCheckNodePort) == ["31000"])
        #expect(scenario.observations.omissions.isEmpty)
    }
}
