// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// The members that a Service port gives to each set. The tests are by set.
struct SetMemberTests {
    private func nodePort(_ family: IPFamily, _ transport: TransportProtocol, _ policy: Service.TrafficPolicy)
        -> Scenario
    {
        Scenario(family).with {
            $0.service.kind = .nodePort
            $0.service.externalTrafficPolicy = policy
            $0.port = ServicePort(name: "http", transport: transport, port: 80, nodePort: 30080)
            $0.facts.interfaceAddresses.insert(family.secondNodeAddress)
        }
    }

    // MARK: LOOP-BACK

    @Test(arguments: IPFamily.allCases, TransportProtocol.allCases)
    func `LOOP-BACK has every local endpoint, ready or not, and none of another node`(
        family: IPFamily, transport: TransportProtocol
    ) {
        let scenario = Scenario(family).with { scenario in
            scenario.port.transport = transport
            scenario.endpoints = [
                scenario.endpoint(1, on: "here"),
                scenario.endpoint(2, ready: false, on: "here"),
                scenario.draining(3, on: "here"),
                scenario.endpoint(4, ready: false, terminating: true, on: "here"),
                scenario.endpoint(5),
                scenario.endpoint(6, on: nil),
            ]
        }
        let expected = [1, 2, 3, 4].map { (number: UInt64) in
            let address = family.endpoint(number)
            return "\(address),\(transport.lowercaseName):8080,\(address)"
        }
        #expect(scenario.members(of: .loopBack) == expected)
    }

    // MARK: CLUSTER-IP

    @Test(arguments: IPFamily.allCases, TransportProtocol.allCases)
    func `CLUSTER-IP has the cluster IP of every Service port`(family: IPFamily, transport: TransportProtocol) {
        let scenario = Scenario(family).with { $0.port.transport = transport }
        #expect(scenario.members(of: .clusterIP) == ["\(family.clusterIP),\(transport.lowercaseName):80"])
    }

    // MARK: EXTERNAL-IP

    @Test(arguments: IPFamily.allCases)
    func `EXTERNAL-IP has each external IP with policy Cluster`(family: IPFamily) {
        let scenario = Scenario(family).with { $0.service.externalIPs = [family.externalIP] }
        #expect(scenario.members(of: .externalIP) == ["\(family.externalIP),tcp:80"])
        #expect(scenario.members(of: .externalIPLocal).isEmpty)
    }

    @Test(arguments: IPFamily.allCases)
    func `EXTERNAL-IP-LOCAL has each external IP with policy Local instead`(family: IPFamily) {
        let scenario = Scenario(family).with {
            $0.service.externalIPs = [family.externalIP]
            $0.service.externalTrafficPolicy = .local
        }
        #expect(scenario.members(of: .externalIPLocal) == ["\(family.externalIP),tcp:80"])
        #expect(scenario.members(of: .externalIP).isEmpty)
    }

    @Test(arguments: [Service.TrafficPolicy.cluster, .local])
    func `without the feature gate AllowServiceExternalIPs no external IP is programmed`(policy: Service.TrafficPolicy)
    {
        let scenario = Scenario(.v4).with {
            $0.service.externalIPs = [IPFamily.v4.externalIP]
            $0.service.externalTrafficPolicy = policy
            $0.configuration.allowsExternalIPs = false
        }
        #expect(scenario.members(of: .externalIP).isEmpty)
        #expect(scenario.members(of: .externalIPLocal).isEmpty)
        #expect(scenario.contribution.addresses == [IPFamily.v4.clusterIP])
        #expect(scenario.observations.omissions == [.externalIPs])
    }

    // MARK: LOAD-BALANCER

    @Test(arguments: IPFamily.allCases)
    func `LOAD-BALANCER has every load balancer VIP`(family: IPFamily) {
        let scenario = Scenario.loadBalancer(family)
        #expect(scenario.members(of: .loadBalancer) == ["\(family.loadBalancerVIP),tcp:80"])
        #expect(scenario.members(of: .loadBalancerLocal).isEmpty)
        #expect(scenario.members(of: .loadBalancerFirewall).isEmpty)
    }

    @Test(arguments: IPFamily.allCases)
    func `LOAD-BALANCER-LOCAL has it additionally with policy Local`(family: IPFamily) {
        let scenario = Scenario.loadBalancer(family).with { $0.service.externalTrafficPolicy = .local }
        #expect(scenario.members(of: .loadBalancer) == ["\(family.loadBalancerVIP),tcp:80"])
        #expect(scenario.members(of: .loadBalancerLocal) == ["\(family.loadBalancerVIP),tcp:80"])
    }

    // MARK: NODE-PORT

    @Test(
        arguments: IPFamily.allCases,
        [
            (TransportProtocol.tcp, ServiceSet.nodePortTCP, ServiceSet.nodePortLocalTCP),
            (.udp, .nodePortUDP, .nodePortLocalUDP),
        ])
    func `NODE-PORT-TCP and -UDP have the port with policy Cluster`(
        family: IPFamily, sets: (transport: TransportProtocol, all: ServiceSet, local: ServiceSet)
    ) {
        let scenario = nodePort(family, sets.transport, .cluster)
        #expect(scenario.members(of: sets.all) == ["30080"])
        #expect(scenario.members(of: sets.local).isEmpty)
    }

    @Test(
        arguments: IPFamily.allCases,
        [
            (TransportProtocol.tcp, ServiceSet.nodePortTCP, ServiceSet.nodePortLocalTCP),
            (.udp, .nodePortUDP, .nodePortLocalUDP),
        ])
    func `NODE-PORT-LOCAL-TCP and -UDP have the port additionally with policy Local`(
        family: IPFamily, sets: (transport: TransportProtocol, all: ServiceSet, local: ServiceSet)
    ) {
        let scenario = nodePort(family, sets.transport, .local)
        #expect(scenario.members(of: sets.all) == ["30080"])
        #expect(scenario.members(of: sets.local) == ["30080"])
    }

    @Test(arguments: IPFamily.allCases)
    func `NODE-PORT-SCTP-HASH has the port with each node address, and the local set too with policy Local`(
        family: IPFamily
    ) {
        let expected = [family.nodeIP, family.secondNodeAddress].map { "\($0),sctp:30080" }
        let cluster = nodePort(family, .sctp, .cluster)
        #expect(cluster.members(of: .nodePortSCTP) == expected)
        #expect(cluster.members(of: .nodePortLocalSCTP).isEmpty)

        let local = nodePort(family, .sctp, .local)
        #expect(local.members(of: .nodePortSCTP) == expected)
        #expect(local.members(of: .nodePortLocalSCTP) == expected)
    }

    @Test func `a port without a node port is in no node port set`() {
        let scenario = Scenario.loadBalancer(.v4)
        let sets: [ServiceSet] = [
            .nodePortTCP, .nodePortLocalTCP, .nodePortUDP, .nodePortLocalUDP, .nodePortSCTP, .nodePortLocalSCTP,
        ]
        #expect(sets.allSatisfy { scenario.members(of: $0).isEmpty })
    }

    // MARK: HEALTH-CHECK-NODE-PORT

    @Test(arguments: [
        (Service.Kind.loadBalancer, Service.TrafficPolicy.local, UInt16(31000), ["31000"]),
        (.loadBalancer, .local, 0, []),
        (.loadBalancer, .cluster, 31000, []),
        (.nodePort, .local, 31000, []),
        (.clusterIP, .local, 31000, []),
    ])
    func `HEALTH-CHECK-NODE-PORT has the allocated port of type LoadBalancer with policy Local`(
        kind: Service.Kind, policy: Service.TrafficPolicy, port: UInt16, members: [String]
    ) {
        for family in IPFamily.allCases {
            let scenario = Scenario(family).with {
                $0.service.kind = kind
                $0.service.externalTrafficPolicy = policy
                $0.service.healthCheckNodePort = port
            }
            #expect(scenario.members(of: .healthCheckNodePort) == members)
        }
    }

    // MARK: IPVS-IPS

    @Test(arguments: IPFamily.allCases)
    func `IPVS-IPS has each address that is bound, once`(family: IPFamily) {
        let scenario = Scenario.loadBalancer(family).with {
            $0.service.externalIPs = [family.externalIP, family.loadBalancerVIP]
            $0.port.nodePort = 30080
        }
        let expected = [family.clusterIP, family.externalIP, family.loadBalancerVIP].sorted()
        #expect(scenario.contribution.addresses == expected)
        #expect(scenario.members(of: .ipvsIPs) == expected.map(\.description))
    }

    // MARK: All of them

    @Test func `no member is named twice`() {
        let scenario = Scenario.loadBalancer(.v4, ranges: ["10.0.0.0/8", "10.0.0.0/8"]).with { scenario in
            scenario.service.externalIPs = [IPFamily.v4.externalIP, IPFamily.v4.externalIP]
            scenario.service.loadBalancerVIPs += [IPFamily.v4.loadBalancerVIP]
            scenario.service.externalTrafficPolicy = .local
            scenario.service.healthCheckNodePort = 31000
            scenario.port.nodePort = 30080
            scenario.endpoints = [scenario.endpoint(1, on: "here"), scenario.endpoint(1, on: "here")]
        }
        let entries = scenario.contribution.setEntries
        #expect(entries.count == Set(entries).count)
        #expect(entries.count == 13)
    }

    @Test(arguments: IPFamily.allCases)
    func `each member has the form of its set's type`(family: IPFamily) throws {
        let ranges = try #require(SourceRangeMemberTests.rangesWithNode[family])
        for transport in TransportProtocol.allCases {
            let scenario = Scenario.loadBalancer(family, ranges: ranges).with { scenario in
                scenario.service.externalIPs = [family.externalIP]
                scenario.service.externalTrafficPolicy = .local
                scenario.service.healthCheckNodePort = 31000
                scenario.port = ServicePort(name: "http", transport: transport, port: 80, nodePort: 30080)
                scenario.endpoints = [scenario.endpoint(1, on: "here")]
            }
            #expect(scenario.contribution.setEntries.allSatisfy { $0.entry.type == $0.set.type })
        }
    }
}

extension IPSetEntry {
    fileprivate var type: IPSetType {
        switch self {
        case .port: .bitmapPort
        case .ip: .hashIP
        case .ipPort: .hashIPPort
        case .ipPortIP: .hashIPPortIP
        case .ipPortNet: .hashIPPortNet
        }
    }
}
