// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Why the node does what it does.
struct ServiceExplanationTests {
    private func explain(_ scenario: Scenario) throws -> PortExplanation {
        let explanation = try #require(scenario.table.explanation(of: scenario.service.name))
        return try #require(explanation.ports.first)
    }

    @Test func `there is nothing to say of a Service that does not exist`() {
        #expect(Scenario(.v4).table.explanation(of: ObjectName(namespace: "shop", name: "none")) == nil)
    }

    @Test func `a family without a part in the Service says why`() throws {
        func absences(_ change: (inout Scenario) -> Void) throws -> [IPFamily: ServiceExplanation.Absence] {
            let scenario = Scenario(.v4).with(change)
            return try #require(scenario.table.explanation(of: scenario.service.name)).absences
        }
        #expect(try absences { _ in } == [.v6: .noClusterIP])
        #expect(try absences { $0.service.clusterIPs = [] } == [.v4: .noClusterIP, .v6: .noClusterIP])
        #expect(try absences { $0.service.kind = .externalName } == [.v4: .externalName, .v6: .externalName])

        var table = ServiceTable(facts: NodeFacts(name: "here"), families: [.v6])
        table.apply(.service(Scenario(.v4).service))
        #expect(table.explanation(of: Scenario.name)?.absences == [.v4: .familyNotServed, .v6: .noClusterIP])
    }

    @Test(arguments: IPFamily.allCases)
    func `each virtual IP tells its list, its real servers and whether it is bound`(family: IPFamily) throws {
        let explanation = try explain(
            Scenario(family).with { scenario in
                scenario.service.kind = .loadBalancer
                scenario.service.externalTrafficPolicy = .local
                scenario.service.externalIPs = [family.nodeIP]
                scenario.service.loadBalancerVIPs = [family.loadBalancerVIP]
                scenario.port.nodePort = 30080
                scenario.endpoints = [scenario.endpoint(1)]
            })
        #expect(explanation.virtualIPs.map(\.virtualIP.kind) == [.clusterIP, .externalIP, .loadBalancer, .nodePort])
        #expect(explanation.virtualIPs.map(\.virtualIP.binding) == [.bound, .onOtherInterface, .bound, .nodeAddress])
        #expect(explanation.virtualIPs[0].source == .clusterList)
        #expect(explanation.virtualIPs[1...].allSatisfy { $0.source == .clusterListForWantOfLocal })
        #expect(explanation.virtualIPs.allSatisfy { $0.realServers.map(\.address) == [family.endpoint(1)] })
    }

    @Test func `each endpoint of each slice has its verdicts, those that another stands in for too`() throws {
        let scenario = Scenario(.v4).with { scenario in
            scenario.endpoints = [
                scenario.endpoint(2, ready: false), scenario.draining(1), scenario.endpoint(1, on: "here"),
            ]
        }
        let explanation = try explain(scenario)
        #expect(explanation.endpoints.map(\.endpoint.address.hostNumber) == [1, 1, 2])
        #expect(explanation.endpoints.map(\.clusterVerdict) == [.ready, .duplicate, .notReady])
        #expect(explanation.endpoints.map(\.localVerdict) == [.listUnused, .duplicate, .listUnused])
        #expect(explanation.endpoints.map(\.isLocal) == [true, false, false])
    }

    @Test func `a slice without the port is named`() throws {
        let scenario = Scenario(.v4)
        var slice = scenario.slice
        slice.ports[0].transport = .udp
        let explanation = try #require(scenario.table(slices: [slice]).explanation(of: scenario.service.name))
        #expect(explanation.ports.first?.slicesWithoutPort == [slice.name])
    }

    @Test func `source ranges and whom they shut out are told`() throws {
        let explanation = try explain(
            Scenario(.v4).with {
                $0.service.kind = .loadBalancer
                $0.service.loadBalancerVIPs = [IPFamily.v4.loadBalancerVIP]
                $0.service.loadBalancerSourceRanges = ["10.0.0.0/8"]
            })
        #expect(explanation.virtualIPs.map(\.isClosedToNode) == [false, true])
        #expect(explanation.virtualIPs.map(\.sourceRanges) == [[], ["10.0.0.0/8"]])
    }

    @Test func `it has a plain text`() throws {
        let scenario = Scenario(.v4).with { scenario in
            scenario.service.kind = .nodePort
            scenario.service.externalTrafficPolicy = .local
            scenario.port.nodePort = 30080
            scenario.endpoints = [scenario.endpoint(1, zones: ["zone-a"]), scenario.endpoint(2, zones: ["zone-b"])]
        }
        let explanation = try #require(scenario.table.explanation(of: scenario.service.name))
        #expect(
            explanation.description == """
                Service shop/web
                  IPv6: the Service has no cluster IP of the family
                  IPv4 port shop/web:http (TCP)
                    cluster IP TCP 10.96.0.10:80: 1 endpoint
                    node port TCP 192.168.0.1:30080: 1 endpoint, of other nodes because this one has none, \
                an address of this node
                    topology hints: endpoints for this node's zone only
                    endpoint 10.244.0.1:8080 on elsewhere: used
                    endpoint 10.244.0.2:8080 on elsewhere: not used: its hints name other zones
                """)
    }
}
