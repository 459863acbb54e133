// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// The members that source ranges of a load balancer give to sets.
struct SourceRangeMemberTests {
    static let rangesWithNode: [IPFamily: [IPPrefix]] = [
        .v4: ["192.168.0.0/16", "10.0.0.0/8"], .v6: ["2001:db8:a::/48", "fd00::/8"],
    ]
    private static let rangesWithoutNode: [IPFamily: [IPPrefix]] = [
        .v4: ["172.16.0.0/12", "10.0.0.0/8"], .v6: ["2001:db8:f::/48", "fd00::/8"],
    ]

    @Test(arguments: IPFamily.allCases)
    func `LOAD-BALANCER-FW has it additionally with source ranges`(family: IPFamily) throws {
        let scenario = Scenario.loadBalancer(family, ranges: try #require(Self.rangesWithNode[family]))
        #expect(scenario.members(of: .loadBalancer) == ["\(family.loadBalancerVIP),tcp:80"])
        #expect(scenario.members(of: .loadBalancerFirewall) == ["\(family.loadBalancerVIP),tcp:80"])
    }

    @Test(arguments: IPFamily.allCases)
    func `LOAD-BALANCER-SOURCE-CIDR has the VIP with each range`(family: IPFamily) throws {
        let ranges = try #require(Self.rangesWithNode[family])
        let scenario = Scenario.loadBalancer(family, ranges: ranges)
        let expected = ranges.sorted().map { "\(family.loadBalancerVIP),tcp:80,\($0)" }
        #expect(scenario.members(of: .loadBalancerSourceCIDR) == expected)
    }

    @Test(arguments: IPFamily.allCases)
    func `LOAD-BALANCER-SOURCE-IP has the VIP with itself when a range holds the node IP`(family: IPFamily) throws {
        let scenario = Scenario.loadBalancer(family, ranges: try #require(Self.rangesWithNode[family]))
        let vip = family.loadBalancerVIP
        #expect(scenario.members(of: .loadBalancerSourceIP) == ["\(vip),tcp:80,\(vip)"])
        #expect(scenario.contribution.serversClosedToNode.isEmpty)
    }

    @Test(arguments: IPFamily.allCases)
    func `a VIP whose ranges do not hold the node IP is closed to the node instead`(family: IPFamily) throws {
        let scenario = Scenario.loadBalancer(family, ranges: try #require(Self.rangesWithoutNode[family]))
        #expect(scenario.members(of: .loadBalancerSourceIP).isEmpty)
        #expect(
            scenario.contribution.serversClosedToNode
                == [VirtualServer.ID(address: family.loadBalancerVIP, port: 80, transport: .tcp)])
    }

    @Test func `a node without an address of the family is in no range`() {
        let scenario = Scenario.loadBalancer(.v4, ranges: ["10.0.0.0/8"]).with {
            $0.facts.nodeIPs = [.v6: "2001:db8::1"]
        }
        #expect(scenario.members(of: .loadBalancerSourceIP).isEmpty)
        #expect(scenario.contribution.serversClosedToNode.count == 1)
    }

    @Test(arguments: IPFamily.allCases)
    func `a zero range among others stands for no ranges`(family: IPFamily) throws {
        let ranges = try #require(Self.rangesWithoutNode[family]) + [family.zero]
        let scenario = Scenario.loadBalancer(family, ranges: ranges)
        #expect(scenario.members(of: .loadBalancer).count == 1)
        #expect(scenario.members(of: .loadBalancerFirewall).isEmpty)
        #expect(scenario.members(of: .loadBalancerSourceCIDR).isEmpty)
        #expect(scenario.members(of: .loadBalancerSourceIP).isEmpty)
        #expect(scenario.contribution.serversClosedToNode.isEmpty)
    }

    @Test(arguments: IPFamily.allCases)
    func `ranges of the other family, a zero one too, neither guard nor open the VIP`(family: IPFamily) throws {
        let guarded = try #require(Self.rangesWithoutNode[family])
        let others = try #require(Self.rangesWithoutNode[family.other]) + [family.other.zero]
        #expect(Scenario.loadBalancer(family, ranges: others).members(of: .loadBalancerFirewall).isEmpty)
        let mixed = Scenario.loadBalancer(family, ranges: guarded + others)
        #expect(mixed.members(of: .loadBalancerSourceCIDR).count == guarded.count)
    }

    @Test func `source ranges guard neither node ports nor external IPs`() {
        let scenario = Scenario.loadBalancer(.v4, ranges: ["10.0.0.0/8"]).with {
            $0.service.externalIPs = [IPFamily.v4.externalIP]
            $0.port.nodePort = 30080
        }
        #expect(scenario.members(of: .loadBalancerFirewall) == ["\(IPFamily.v4.loadBalancerVIP),tcp:80"])
        #expect(scenario.members(of: .loadBalancerSourceCIDR) == ["\(IPFamily.v4.loadBalancerVIP),tcp:80,10.0.0.0/8"])
        #expect(scenario.contribution.serversClosedToNode.map(\.address) == [IPFamily.v4.loadBalancerVIP])
    }
}

extension Scenario {
    /// A Service of type LoadBalancer with one VIP.
    static func loadBalancer(_ family: IPFamily, ranges: [IPPrefix] = []) -> Scenario {
        Scenario(family).with {
            $0.service.kind = .loadBalancer
            $0.service.loadBalancerVIPs = [family.loadBalancerVIP]
            $0.service.loadBalancerSourceRanges = ranges
        }
    }
}
