// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Which real servers each virtual IP has, by its traffic policy.
struct TrafficPolicyTests {
    /// The three ways in from outside.
    enum Way: CaseIterable {
        case externalIP
        case loadBalancer
        case nodePort
    }

    private func scenario(_ family: IPFamily, _ way: Way?, _ endpoints: (Scenario) -> [Endpoint]) -> Scenario {
        Scenario(family).with { scenario in
            scenario.endpoints = endpoints(scenario)
            switch way {
            case .externalIP:
                scenario.service.externalIPs = [family.externalIP]
            case .loadBalancer:
                scenario.service.kind = .loadBalancer
                scenario.service.loadBalancerVIPs = [family.loadBalancerVIP]
            case .nodePort:
                scenario.service.kind = .nodePort
                scenario.port.nodePort = 30080
            case nil:
                break
            }
        }
    }

    private func serversFromOutside(_ scenario: Scenario, _ way: Way) -> [UInt64]? {
        switch way {
        case .externalIP: scenario.servers(behind: scenario.family.externalIP)
        case .loadBalancer: scenario.servers(behind: scenario.family.loadBalancerVIP)
        case .nodePort: scenario.servers(behind: scenario.family.nodeIP, port: 30080)
        }
    }

    private let mixed = { (scenario: Scenario) in [scenario.endpoint(1), scenario.endpoint(2, on: "here")] }
    private let remoteOnly = { (scenario: Scenario) in [scenario.endpoint(1), scenario.endpoint(2)] }

    // MARK: Cluster IP

    @Test(arguments: IPFamily.allCases)
    func `cluster IP with internal policy Cluster uses the cluster list`(family: IPFamily) {
        #expect(scenario(family, nil, mixed).servers(behind: family.clusterIP) == [1, 2])
    }

    @Test(arguments: IPFamily.allCases)
    func `cluster IP with internal policy Local uses the local list`(family: IPFamily) {
        let scenario = scenario(family, nil, mixed).with { $0.service.internalTrafficPolicy = .local }
        #expect(scenario.servers(behind: family.clusterIP) == [2])
    }

    @Test(arguments: IPFamily.allCases)
    func `cluster IP of an internal Service with internal policy Local and no local endpoint has no real server`(
        family: IPFamily
    ) {
        let scenario = scenario(family, nil, remoteOnly).with { $0.service.internalTrafficPolicy = .local }
        #expect(scenario.servers(behind: family.clusterIP) == [])
    }

    @Test(arguments: IPFamily.allCases, Way.allCases)
    func `cluster IP with internal policy Local leaks to other nodes when the Service is externally accessible`(
        family: IPFamily, way: Way
    ) {
        let scenario = scenario(family, way, remoteOnly).with { $0.service.internalTrafficPolicy = .local }
        #expect(scenario.servers(behind: family.clusterIP) == [1, 2])
    }

    @Test func `the leak needs something external of the same family`() {
        let scenario = scenario(.v4, .loadBalancer, remoteOnly).with {
            $0.service.internalTrafficPolicy = .local
            $0.service.loadBalancerVIPs = [IPFamily.v6.loadBalancerVIP]
        }
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [])
    }

    @Test func `external IPs that the feature gate keeps out still make the Service externally accessible`() {
        let scenario = scenario(.v4, .externalIP, remoteOnly).with {
            $0.service.internalTrafficPolicy = .local
            $0.configuration.allowsExternalIPs = false
        }
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [1, 2])
        #expect(scenario.servers(behind: IPFamily.v4.externalIP) == nil)
    }

    @Test(arguments: IPFamily.allCases)
    func `external policy Local does not change the cluster IP`(family: IPFamily) {
        let scenario = scenario(family, .loadBalancer, mixed).with { $0.service.externalTrafficPolicy = .local }
        #expect(scenario.servers(behind: family.clusterIP) == [1, 2])
    }

    // MARK: From outside

    @Test(arguments: IPFamily.allCases, Way.allCases)
    func `from outside with external policy Cluster the cluster list is used`(family: IPFamily, way: Way) {
        #expect(serversFromOutside(scenario(family, way, mixed), way) == [1, 2])
    }

    @Test(arguments: IPFamily.allCases, Way.allCases)
    func `from outside with external policy Local the local list is used`(family: IPFamily, way: Way) {
        let scenario = scenario(family, way, mixed).with { $0.service.externalTrafficPolicy = .local }
        #expect(serversFromOutside(scenario, way) == [2])
    }

    @Test(arguments: IPFamily.allCases, Way.allCases)
    func `from outside with external policy Local and no local endpoint the cluster list is used`(
        family: IPFamily, way: Way
    ) {
        let scenario = scenario(family, way, remoteOnly).with { $0.service.externalTrafficPolicy = .local }
        #expect(serversFromOutside(scenario, way) == [1, 2])
    }

    @Test(arguments: Way.allCases)
    func `from outside with external policy Local a draining local endpoint wins over ready ones elsewhere`(way: Way) {
        let scenario = scenario(.v4, way) { [$0.endpoint(1), $0.draining(2, on: "here")] }
            .with { $0.service.externalTrafficPolicy = .local }
        #expect(serversFromOutside(scenario, way) == [2])
    }

    @Test(arguments: Way.allCases)
    func `internal policy Local does not change the way from outside`(way: Way) {
        let scenario = scenario(.v4, way, mixed).with { $0.service.internalTrafficPolicy = .local }
        #expect(serversFromOutside(scenario, way) == [1, 2])
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [2])
    }

    @Test func `external policy Local of a Service that cannot have one is Cluster`() {
        let scenario = scenario(.v4, nil, mixed).with {
            $0.service.externalTrafficPolicy = .local
            $0.service.loadBalancerVIPs = [IPFamily.v4.loadBalancerVIP]
        }
        #expect(scenario.servers(behind: IPFamily.v4.loadBalancerVIP) == [1, 2])
        #expect(scenario.members(of: .loadBalancerLocal).isEmpty)
    }

    @Test func `a cluster IP that is an external IP too is one virtual server, under the external policy`() {
        let scenario = scenario(.v4, .externalIP, mixed).with {
            $0.service.externalIPs = [IPFamily.v4.clusterIP]
            $0.service.externalTrafficPolicy = .local
        }
        #expect(scenario.contribution.virtualServers.count == 1)
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [2])
    }
}
