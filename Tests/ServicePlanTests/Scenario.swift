// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan

/// One Service with one port, its endpoints, and the node `here` in zone `zone-a`: what most tests are about.
///
/// The addresses mean the same in both families, so that each test can run in both.
struct Scenario {
    let family: IPFamily
    var service: Service
    var port = ServicePort(name: "http", transport: .tcp, port: 80)
    var endpoints: [Endpoint] = []
    var facts: NodeFacts
    var configuration = PlanConfiguration()

    init(_ family: IPFamily) {
        self.family = family
        service = Service(name: Self.name, clusterIPs: [family.clusterIP])
        facts = NodeFacts(
            name: "here",
            zone: "zone-a",
            nodeIPs: [family: family.nodeIP],
            interfaceAddresses: [family.nodeIP, family.loopback]
        )
    }

    static let name = ObjectName(namespace: "shop", name: "web")

    var id: ServicePortID { ServicePortID(port, of: service.name) }

    var slice: EndpointSlice {
        EndpointSlice(
            name: ObjectName(namespace: "shop", name: "web-1"),
            serviceName: "web",
            family: family,
            ports: [EndpointPort(name: port.name, transport: port.transport, port: 8080)],
            endpoints: endpoints
        )
    }

    /// The table that holds the scenario.
    var table: ServiceTable {
        table(slices: [slice])
    }

    func table(slices: [EndpointSlice]) -> ServiceTable {
        var table = ServiceTable(facts: facts, configuration: configuration)
        var service = service
        service.ports = [port]
        table.apply(.service(service))
        for slice in slices {
            table.apply(.slice(slice))
        }
        return table
    }

    var plan: ServicePortPlan { table.plan(of: id, in: family) }
    var contribution: Contribution { plan.contribution }
    var observations: PlanObservations { plan.observations }

    /// The endpoints behind a virtual IP, by their numbers; `nil` when it has no virtual server.
    func servers(behind address: IPAddress, port number: UInt16 = 80) -> [UInt64]? {
        contribution.virtualServers
            .first { $0.id == VirtualServer.ID(address: address, port: number, transport: port.transport) }
            .map { $0.realServers.map(\.id.address.hostNumber) }
    }

    /// The texts of the members that the port gives to a set.
    func members(of set: ServiceSet) -> [String] {
        contribution.setEntries.filter { $0.set == set }.map(\.entry.description)
    }

    // MARK: Building

    func with(_ change: (inout Scenario) -> Void) -> Scenario {
        var scenario = self
        change(&scenario)
        return scenario
    }

    /// An endpoint of this number, on another node if nothing else is said.
    func endpoint(
        _ number: UInt64,
        ready: Bool = true,
        serving: Bool? = nil,
        terminating: Bool = false,
        on node: String? = "elsewhere",
        zones: [String] = [],
        nodes: [String] = []
    ) -> Endpoint {
        Endpoint(
            address: family.endpoint(number),
            isReady: ready,
            isServing: serving ?? ready,
            isTerminating: terminating,
            nodeName: node,
            zoneHints: zones,
            nodeHints: nodes
        )
    }

    /// An endpoint that shuts down and still takes connections.
    func draining(_ number: UInt64, on node: String = "elsewhere", zones: [String] = []) -> Endpoint {
        endpoint(number, ready: false, serving: true, terminating: true, on: node, zones: zones)
    }
}

extension IPFamily {
    var clusterIP: IPAddress { self == .v4 ? "10.96.0.10" : "fd00:96::10" }
    var externalIP: IPAddress { self == .v4 ? "203.0.113.1" : "2001:db8:e::1" }
    var loadBalancerVIP: IPAddress { self == .v4 ? "198.51.100.1" : "2001:db8:1b::1" }
    var nodeIP: IPAddress { self == .v4 ? "192.168.0.1" : "2001:db8:a::1" }
    var secondNodeAddress: IPAddress { self == .v4 ? "192.168.7.1" : "2001:db8:b::1" }
    var loopback: IPAddress { self == .v4 ? "127.0.0.1" : "::1" }
    var zero: IPPrefix { self == .v4 ? "0.0.0.0/0" : "::/0" }

    func endpoint(_ number: UInt64) -> IPAddress {
        let base: IPAddress = self == .v4 ? "10.244.0.0" : "fd00:244::"
        return IPAddress(high: base.high, low: base.low + number)
    }
}

extension IPAddress {
    /// The last byte: the number of a scenario's endpoint.
    var hostNumber: UInt64 { low & 0xff }
}
