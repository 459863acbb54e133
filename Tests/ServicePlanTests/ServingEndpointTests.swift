// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Who still answers flows of datagrams: whatever the traffic policies make of it.
struct ServingEndpointTests {
    private func scenario(_ family: IPFamily, _ transport: TransportProtocol) -> Scenario {
        Scenario(family).with { scenario in
            scenario.port.transport = transport
            scenario.service.internalTrafficPolicy = .local
            scenario.endpoints = [
                scenario.endpoint(4, on: "here"), scenario.draining(2), scenario.endpoint(3, zones: ["zone-b"]),
                scenario.endpoint(1, ready: false), scenario.endpoint(5, ready: false, terminating: true),
            ]
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `all endpoints that serve are told of, in ascending order`(family: IPFamily) {
        let serving = scenario(family, .udp).contribution.servingEndpoints
        #expect(serving.map(\.address.hostNumber) == [2, 3, 4])
        #expect(serving.allSatisfy { $0.port == 8080 })
    }

    @Test(arguments: [TransportProtocol.tcp, .sctp])
    func `connections have ends of their own`(transport: TransportProtocol) {
        #expect(scenario(.v4, transport).contribution.servingEndpoints == [])
    }
}
