// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// What the virtual servers of a Service port look like.
struct VirtualServerTests {
    /// A Service with every kind of virtual IP.
    private func everything(_ family: IPFamily, _ transport: TransportProtocol = .tcp) -> Scenario {
        Scenario(family).with { scenario in
            scenario.service.kind = .loadBalancer
            scenario.service.externalIPs = [family.externalIP]
            scenario.service.loadBalancerVIPs = [family.loadBalancerVIP]
            scenario.port = ServicePort(name: "http", transport: transport, port: 80, nodePort: 30080)
            scenario.facts.interfaceAddresses.insert(family.secondNodeAddress)
            scenario.endpoints = [scenario.endpoint(2), scenario.endpoint(1, on: "here")]
        }
    }

    @Test(arguments: IPFamily.allCases, TransportProtocol.allCases)
    func `one virtual server for each cluster IP, external IP, load balancer VIP and node address`(
        family: IPFamily, transport: TransportProtocol
    ) {
        let ids = everything(family, transport).contribution.virtualServers.map(\.id)
        let expected: [(IPAddress, UInt16)] = [
            (family.clusterIP, 80), (family.externalIP, 80), (family.loadBalancerVIP, 80),
            (family.nodeIP, 30080), (family.secondNodeAddress, 30080),
        ]
        #expect(ids == expected.map { VirtualServer.ID(address: $0.0, port: $0.1, transport: transport) }.sorted())
    }

    @Test(arguments: IPFamily.allCases)
    func `a virtual server exists without real servers`(family: IPFamily) {
        let scenario = everything(family).with { $0.endpoints = [] }
        #expect(scenario.contribution.virtualServers.count == 5)
        #expect(scenario.contribution.virtualServers.allSatisfy { $0.realServers.isEmpty })
    }

    @Test(arguments: IPFamily.allCases)
    func `without affinity there are no flags and no timeout, and each client counts for itself`(family: IPFamily) {
        for server in everything(family).contribution.virtualServers {
            #expect(server.configuration.scheduler == .roundRobin)
            #expect(server.configuration.flags == [])
            #expect(server.configuration.persistenceTimeout == 0)
            #expect(server.configuration.persistenceMask == (family == .v4 ? 0xffff_ffff : 128))
            #expect(server.configuration.persistenceEngine == nil)
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `affinity ClientIP makes every virtual server persistent, with the timeout of the Service`(family: IPFamily) {
        let scenario = everything(family).with { $0.service.clientAffinityTimeout = 10_800 }
        for server in scenario.contribution.virtualServers {
            #expect(server.configuration.flags.rawValue == 0x1)
            #expect(server.configuration.persistenceTimeout == 10_800)
        }
    }

    @Test(
        arguments: [
            ("rr", nil, 0), ("mh", nil, 0x10), ("mh", 60, 0x11), ("sh", nil, 0), ("lc", 60, 0x1), ("mh2", nil, 0),
        ] as [(String, UInt32?, UInt32)])
    func `of configured schedulers exactly mh gets its port flag, and none gets the fallback flag`(
        name: String, affinity: UInt32?, flags: UInt32
    ) throws {
        let scheduler = try #require(Scheduler(name))
        let scenario = everything(.v4).with {
            $0.configuration.scheduler = scheduler
            $0.service.clientAffinityTimeout = affinity
        }
        for server in scenario.contribution.virtualServers {
            #expect(server.configuration.scheduler == scheduler)
            #expect(server.configuration.flags.rawValue == flags)
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `a real server is masqueraded, has weight 1, no thresholds and the port of the endpoint`(family: IPFamily) {
        let servers = everything(family).contribution.virtualServers.first?.realServers ?? []
        #expect(
            servers
                == [1, 2].map {
                    RealServer(
                        id: RealServer.ID(address: family.endpoint($0), port: 8080), weight: 1, forwarding: .masquerade,
                        upperThreshold: 0, lowerThreshold: 0
                    )
                }
        )
    }

    @Test func `virtual servers of one port with the same list share its storage`() throws {
        let servers = everything(.v4).contribution.virtualServers
        let first = try #require(servers.first).realServers
        #expect(servers.count == 5)
        for server in servers {
            let same = unsafe first.withUnsafeBufferPointer { one in
                unsafe server.realServers.withUnsafeBufferPointer { other in
                    unsafe one.baseAddress == other.baseAddress
                }
            }
            #expect(same)
        }
    }

    @Test func `real servers are ascending and each is there once`() {
        let scenario = Scenario(.v4).with { scenario in
            scenario.endpoints = [9, 3, 7, 3, 1, 9].map { scenario.endpoint($0) }
        }
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [1, 3, 7, 9])
    }

    @Test func `virtual servers are ascending and each is there once`() {
        let scenario = Scenario(.v4).with {
            $0.service.kind = .loadBalancer
            $0.service.externalIPs = ["203.0.113.9", "203.0.113.1", "203.0.113.9"]
            $0.service.loadBalancerVIPs = ["203.0.113.1", "198.51.100.1"]
        }
        let addresses = scenario.contribution.virtualServers.map(\.id.address)
        #expect(addresses == ["10.96.0.10", "198.51.100.1", "203.0.113.1", "203.0.113.9"])
    }

    @Test func `the order of lists in the objects does not matter`() {
        let scenario = everything(.v4).with {
            $0.service.externalIPs = ["203.0.113.9", "203.0.113.1"]
            $0.service.loadBalancerVIPs = ["198.51.100.2", "198.51.100.1"]
            $0.service.loadBalancerSourceRanges = ["10.0.0.0/8", "9.0.0.0/8"]
        }
        let reversed = scenario.with {
            $0.service.externalIPs.reverse()
            $0.service.loadBalancerVIPs.reverse()
            $0.service.loadBalancerSourceRanges.reverse()
            $0.endpoints.reverse()
        }
        #expect(scenario.plan == reversed.plan)
    }
}

/// What is left out of a family.
struct FamilyTests {
    private let dualStack = Scenario(.v4).with { scenario in
        scenario.service.kind = .loadBalancer
        scenario.service.clusterIPs = [IPFamily.v4.clusterIP, IPFamily.v6.clusterIP]
        scenario.service.externalIPs = [IPFamily.v6.externalIP, IPFamily.v4.externalIP]
        scenario.service.loadBalancerVIPs = [IPFamily.v6.loadBalancerVIP, IPFamily.v4.loadBalancerVIP]
        scenario.service.loadBalancerSourceRanges = ["10.0.0.0/8", "fd00::/8"]
        scenario.service.externalTrafficPolicy = .local
        scenario.service.healthCheckNodePort = 31000
        scenario.port = ServicePort(name: "http", transport: .sctp, port: 80, nodePort: 30080)
        scenario.facts.nodeIPs = [.v4: IPFamily.v4.nodeIP, .v6: IPFamily.v6.nodeIP]
        scenario.facts.interfaceAddresses = [IPFamily.v4.nodeIP, IPFamily.v6.nodeIP]
    }

    @Test(arguments: IPFamily.allCases)
    func `a contribution has nothing of the other family`(family: IPFamily) {
        let slices = IPFamily.allCases.map { family in
            EndpointSlice(
                name: ObjectName(namespace: "shop", name: "web-\(family)"), serviceName: "web", family: family,
                ports: [EndpointPort(name: "http", transport: .sctp, port: 8080)],
                endpoints: [Endpoint(address: family.endpoint(1), nodeName: "here")]
            )
        }
        let contribution = dualStack.table(slices: slices).plan(of: dualStack.id, in: family).contribution

        #expect(contribution.virtualServers.count == 4)
        #expect(contribution.virtualServers.allSatisfy { $0.id.family == family })
        #expect(contribution.virtualServers.allSatisfy { $0.realServers.map(\.id.address) == [family.endpoint(1)] })
        #expect(contribution.addresses.count == 3)
        #expect(contribution.addresses.allSatisfy { $0.family == family })
        #expect(contribution.serversClosedToNode.map(\.address) == [family.loadBalancerVIP])
        for member in contribution.setEntries {
            switch member.entry {
            case .port: break
            case .ip(let address), .ipPort(let address, _, _): #expect(address.family == family)
            case .ipPortIP(let address, _, _, let second):
                #expect(address.family == family && second.family == family)
            case .ipPortNet(let address, _, _, let network):
                #expect(address.family == family && network.family == family)
            }
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `a family without a cluster IP gets nothing of the Service`(family: IPFamily) {
        let scenario = dualStack.with { $0.service.clusterIPs = [family.clusterIP] }
        #expect(scenario.table.plan(of: scenario.id, in: family.other) == ServicePortPlan())
        #expect(!scenario.table.plan(of: scenario.id, in: family).contribution.isEmpty)
    }

    @Test func `a headless Service becomes nothing`() {
        let scenario = dualStack.with { scenario in
            scenario.service.clusterIPs = []
            scenario.endpoints = [scenario.endpoint(1, on: "here")]
        }
        for family in IPFamily.allCases {
            #expect(scenario.table.plan(of: scenario.id, in: family) == ServicePortPlan())
        }
    }

    @Test func `type ExternalName becomes nothing, even with a cluster IP`() {
        let scenario = dualStack.with { $0.service.kind = .externalName }
        for family in IPFamily.allCases {
            #expect(scenario.table.plan(of: scenario.id, in: family) == ServicePortPlan())
        }
    }

    @Test func `a family that the node does not serve gets nothing`() {
        var table = ServiceTable(facts: dualStack.facts, families: [.v4])
        table.apply(.service(dualStack.service))
        var service = dualStack.service
        service.ports = [dualStack.port]
        table.apply(.service(service))
        #expect(table.plan(of: dualStack.id, in: .v6) == ServicePortPlan())
        #expect(!table.plan(of: dualStack.id, in: .v4).contribution.isEmpty)
    }

    @Test(arguments: [("", "shop/web"), ("http", "shop/web:http")])
    func `a Service port is written as in kube-proxy's logs`(port: String, text: String) {
        #expect(ServicePortID(service: Scenario.name, port: port, transport: .udp).description == text)
    }
}
