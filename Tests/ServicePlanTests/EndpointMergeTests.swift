// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// From the slices of a Service to the endpoints of one of its ports.
struct EndpointMergeTests {
    @Test(arguments: IPFamily.allCases)
    func `endpoints of all slices of a Service are merged in ascending order`(family: IPFamily) {
        let scenario = Scenario(family)
        var first = scenario.slice
        first.endpoints = [scenario.endpoint(3), scenario.endpoint(1)]
        var second = first
        second.name.name = "web-2"
        second.endpoints = [scenario.endpoint(2)]

        for slices in [[first, second], [second, first]] {
            let endpoints = scenario.table(slices: slices).endpoints(of: scenario.id, in: family)
            #expect(endpoints.map(\.id.address.hostNumber) == [1, 2, 3])
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `of two entries with one address and port the one that does not terminate counts`(family: IPFamily) {
        let scenario = Scenario(family)
        var old = scenario.slice
        old.endpoints = [scenario.draining(1)]
        var new = old
        new.name.name = "web-2"
        new.endpoints = [scenario.endpoint(1, ready: false)]

        for slices in [[old, new], [new, old]] {
            let endpoints = scenario.table(slices: slices).endpoints(of: scenario.id, in: family)
            #expect(endpoints.count == 1)
            #expect(endpoints.first?.isTerminating == false)
        }
    }

    @Test func `equal entries with other conditions are chosen from alike in any order`() {
        let scenario = Scenario(.v4)
        var one = scenario.slice
        one.endpoints = [scenario.endpoint(1, on: "here"), scenario.endpoint(1, on: "elsewhere", zones: ["zone-b"])]
        var other = one
        other.endpoints.reverse()

        let endpoints = scenario.table(slices: [one]).endpoints(of: scenario.id, in: .v4)
        #expect(endpoints.count == 1)
        #expect(endpoints == scenario.table(slices: [other]).endpoints(of: scenario.id, in: .v4))
    }

    @Test func `one address at two port numbers is two endpoints`() {
        let scenario = Scenario(.v4)
        var one = scenario.slice
        one.endpoints = [scenario.endpoint(1)]
        var other = one
        other.name.name = "web-2"
        other.ports[0].port = 9090

        let endpoints = scenario.table(slices: [one, other]).endpoints(of: scenario.id, in: .v4)
        #expect(endpoints.map(\.id.port) == [8080, 9090])
    }

    @Test(arguments: [
        EndpointPort(name: "http", transport: .udp, port: 8080),
        EndpointPort(name: "https", transport: .tcp, port: 8080),
        EndpointPort(name: "", transport: .tcp, port: 8080),
        EndpointPort(name: "http", transport: .tcp, port: 0),
    ])
    func `a slice port of another name or protocol, or without a number, does not feed a Service port`(
        port: EndpointPort
    ) {
        let scenario = Scenario(.v4)
        var slice = scenario.slice
        slice.endpoints = [scenario.endpoint(1)]
        slice.ports = [port]
        #expect(scenario.table(slices: [slice]).endpoints(of: scenario.id, in: .v4).isEmpty)
    }

    @Test(arguments: IPFamily.allCases)
    func `slices of the other family do not count`(family: IPFamily) {
        let scenario = Scenario(family)
        var slice = scenario.slice
        slice.family = family.other
        slice.endpoints = [Endpoint(address: family.other.endpoint(1))]
        let table = scenario.table(slices: [slice])
        #expect(table.endpoints(of: scenario.id, in: family).isEmpty)
        #expect(table.endpoints(of: scenario.id, in: family.other).count == 1)
    }

    @Test(arguments: IPFamily.allCases)
    func `an endpoint whose address is not of its slice's family does not count`(family: IPFamily) {
        let scenario = Scenario(family)
        var slice = scenario.slice
        slice.endpoints = [Endpoint(address: family.other.endpoint(1)), scenario.endpoint(2)]
        let endpoints = scenario.table(slices: [slice]).endpoints(of: scenario.id, in: family)
        #expect(endpoints.map(\.id.address) == [family.endpoint(2)])
    }

    @Test func `a slice without the service-name label is nobody's`() {
        var scenario = Scenario(.v4)
        scenario.endpoints = [scenario.endpoint(1)]
        var slice = scenario.slice
        slice.serviceName = ""
        scenario.service.name.name = ""
        #expect(scenario.table(slices: [slice]).endpoints(of: scenario.id, in: .v4).isEmpty)
    }

    @Test(arguments: [("here", "here", true), ("elsewhere", "here", false), (nil, "here", false), ("", "", false)])
    func `an endpoint is local when its nodeName is this node's`(nodeName: String?, own: String, isLocal: Bool) {
        let scenario = Scenario(.v4)
        let endpoint = PortEndpoint(scenario.endpoint(1, on: nodeName), port: 80, on: NodeFacts(name: own))
        #expect(endpoint.isLocal == isLocal)
    }
}
