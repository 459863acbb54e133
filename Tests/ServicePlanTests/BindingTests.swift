// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Which addresses the dummy link is to have.
struct BindingTests {
    @Test(arguments: IPFamily.allCases)
    func `the cluster IP is always bound, even when another interface has it`(family: IPFamily) {
        let scenario = Scenario(family).with { $0.facts.interfaceAddresses.insert(family.clusterIP) }
        #expect(scenario.contribution.addresses == [family.clusterIP])
        #expect(scenario.members(of: .ipvsIPs) == ["\(family.clusterIP)"])
    }

    @Test(arguments: IPFamily.allCases)
    func `external IPs and load balancer VIPs are bound when no other interface has them`(family: IPFamily) {
        let scenario = Scenario(family).with {
            $0.service.externalIPs = [family.externalIP]
            $0.service.loadBalancerVIPs = [family.loadBalancerVIP]
        }
        #expect(
            scenario.contribution.addresses == [family.clusterIP, family.externalIP, family.loadBalancerVIP].sorted())
    }

    @Test(arguments: IPFamily.allCases)
    func `an external IP of another interface is served but not bound`(family: IPFamily) {
        let scenario = Scenario(family).with { scenario in
            scenario.service.externalIPs = [family.nodeIP]
            scenario.endpoints = [scenario.endpoint(1)]
        }
        #expect(scenario.contribution.addresses == [family.clusterIP])
        #expect(scenario.members(of: .ipvsIPs) == ["\(family.clusterIP)"])
        #expect(scenario.members(of: .externalIP) == ["\(family.nodeIP),tcp:80"])
        #expect(scenario.servers(behind: family.nodeIP) == [1])
    }

    @Test(arguments: IPFamily.allCases)
    func `a load balancer VIP of another interface is served but not bound`(family: IPFamily) {
        let scenario = Scenario(family).with { scenario in
            scenario.service.kind = .loadBalancer
            scenario.service.loadBalancerVIPs = [family.secondNodeAddress]
            scenario.facts.interfaceAddresses.insert(family.secondNodeAddress)
            scenario.endpoints = [scenario.endpoint(1)]
        }
        #expect(scenario.contribution.addresses == [family.clusterIP])
        #expect(scenario.servers(behind: family.secondNodeAddress) == [1])
    }

    @Test(arguments: IPFamily.allCases)
    func `node addresses are never bound`(family: IPFamily) {
        let scenario = Scenario(family).with {
            $0.service.kind = .nodePort
            $0.port.nodePort = 30080
        }
        #expect(scenario.servers(behind: family.nodeIP, port: 30080) == [])
        #expect(scenario.contribution.addresses == [family.clusterIP])
    }
}
