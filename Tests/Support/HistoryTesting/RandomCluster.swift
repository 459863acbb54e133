// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
public import KubernetesObjects
public import ServicePlan
import SystemTesting

/// A small cluster that changes at random. Few names and addresses, so that things meet.
public struct RandomCluster {
    private var random: SeededGenerator
    public private(set) var services: [ObjectName: Service] = [:]
    public private(set) var slices: [ObjectName: EndpointSlice] = [:]
    public private(set) var facts = NodeFacts(
        name: "here", zone: "zone-a", nodeIPs: [.v4: address("192.168.0.1"), .v6: address("2001:db8:a::1")],
        interfaceAddresses: [address("127.0.0.1"), address("::1"), address("192.168.0.1"), address("2001:db8:a::1")]
    )
    public let configuration: PlanConfiguration
    /// How likely a Service has a range of addresses that may use its load balancer, for each of three.
    private let sourceRangePercent: Int
    /// How many names of Services there are in each of two namespaces.
    private let serviceCount: Int

    public init(seed: UInt64, serviceCount: Int = 8, sourceRangePercent: Int = 20) {
        self.serviceCount = serviceCount
        self.sourceRangePercent = sourceRangePercent
        random = SeededGenerator(seed: seed)
        let settings: [PlanConfiguration.NodePortAddresses] = [
            .all, .primary, .inside([network("192.168.0.0/16")]),
            .inside([network("172.16.0.0/12"), network("2001:db8:a::/48")]),
        ]
        configuration = PlanConfiguration(
            scheduler: seed % 3 == 0 ? .maglevHashing : .roundRobin,
            nodePortAddresses: settings[Int(seed) % settings.count],
            allowsExternalIPs: seed % 5 != 0
        )
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    private mutating func subset<Element>(_ elements: [Element], percent: Int = 40) -> [Element] {
        var chosen: [Element] = []
        for element in elements where chance(percent) { chosen.append(element) }
        return chosen
    }

    private mutating func serviceName() -> ObjectName {
        ObjectName(namespace: pick(["shop", "lab"]), name: "s\(Int.random(in: 0..<serviceCount, using: &random))")
    }

    /// What changes next.
    public enum Change: Sendable {
        case object(ObjectUpdate)
        case facts(NodeFacts)
    }

    /// Changes an object, or the node, and tells the table.
    public mutating func step(_ table: inout ServiceTable) {
        switch nextChange() {
        case .object(let update): table.apply(update)
        case .facts(let facts): table.replaceNodeFacts(facts)
        }
    }

    /// Changes an object, or the node.
    public mutating func nextChange() -> Change {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<6:
            let service = service()
            services[service.name] = service
            return .object(.service(service))
        case 6..<8:
            let name = serviceName()
            services[name] = nil
            return .object(.serviceRemoved(name))
        case 8..<16:
            let slice = slice()
            slices[slice.name] = slice
            return .object(.slice(slice))
        case 16..<18:
            let name = ObjectName(
                namespace: pick(["shop", "lab"]), name: "e\(Int.random(in: 0..<16, using: &random))")
            slices[name] = nil
            return .object(.sliceRemoved(name))
        default:
            facts = nextFacts()
            return .facts(facts)
        }
    }

    private mutating func service() -> Service {
        let name = serviceName()
        let number = UInt64(name.name.utf8.last ?? 0) % 8
        let ports: [ServicePort] = [
            ServicePort(name: "a", port: 80, nodePort: chance(30) ? 30080 + UInt16(number) : 0),
            ServicePort(name: "b", port: 443),
            ServicePort(name: "a", transport: .udp, port: 53),
            ServicePort(name: "c", transport: .sctp, port: 99, nodePort: chance(30) ? 30200 : 0),
        ]
        var service = Service(
            name: name,
            kind: pick([.clusterIP, .nodePort, .loadBalancer, .loadBalancer, .externalName]),
            clusterIPs: subset(IPFamily.allCases, percent: 80).map { family in
                let base = address(family == .v4 ? "10.96.0.10" : "fd00:96::10")
                return IPAddress(high: base.high, low: base.low + number)
            },
            ports: subset(ports, percent: 60),
            externalIPs: subset(
                [address("203.0.113.1"), address("192.168.0.1"), address("2001:db8:e::1")], percent: 20),
            loadBalancerVIPs: subset(
                [address("198.51.100.1"), address("2001:db8:1b::1"), address("203.0.113.1")], percent: 30),
            loadBalancerSourceRanges: subset(
                [network("192.168.0.0/16"), network("0.0.0.0/0"), network("fd00::/8")], percent: sourceRangePercent),
            internalTrafficPolicy: pick([.cluster, .local]),
            externalTrafficPolicy: pick([.cluster, .local]),
            clientAffinityTimeout: chance(20) ? 60 : nil,
            healthCheckNodePort: chance(50) ? 31000 : 0
        )
        service.settings.scheduler = chance(40) ? pick(["wrr", "wlc", "sh", "mh", "rr"]) : nil
        service.settings.schedulerFlags = chance(20) ? pick([[], .shPort, .mhPort, [.flag1, .flag2]]) : nil
        service.settings.weights = chance(20) ? EndpointWeights(all: pick([1, 7, 65_535])) : nil
        return service
    }

    private mutating func slice() -> EndpointSlice {
        let number = Int.random(in: 0..<16, using: &random)
        let name = ObjectName(namespace: pick(["shop", "lab"]), name: "e\(number)")
        // Most slices stay with their Service and family, as they do in life.
        let family = chance(90) ? IPFamily.allCases[number / 8] : pick(IPFamily.allCases)
        let service = chance(80) ? number % serviceCount : Int.random(in: 0..<serviceCount, using: &random)
        let ports = [
            EndpointPort(name: "a", port: 8080), EndpointPort(name: "b", port: 8443),
            EndpointPort(name: "a", transport: .udp, port: 5353),
            EndpointPort(name: "c", transport: .sctp, port: 99),
        ]
        var endpoints: [Endpoint] = []
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            endpoints.append(
                Endpoint(
                    address: endpointAddress(family),
                    isReady: chance(70),
                    isServing: chance(80),
                    isTerminating: chance(20),
                    nodeName: pick(["here", "elsewhere", nil]),
                    zoneHints: chance(60) ? [pick(["zone-a", "zone-b"])] : [],
                    nodeHints: chance(30) ? [pick(["here", "elsewhere"])] : []
                )
            )
        }
        return EndpointSlice(
            name: name,
            serviceName: chance(5) ? "" : "s\(service)",
            family: family,
            ports: subset(ports, percent: 70),
            endpoints: endpoints,
            weights: chance(10) ? EndpointWeights(all: 3) : nil
        )
    }

    private mutating func nextFacts() -> NodeFacts {
        NodeFacts(
            name: chance(10) ? "elsewhere" : "here",
            zone: pick(["zone-a", "zone-b", nil]),
            nodeIPs: chance(50)
                ? [.v4: address("192.168.0.1"), .v6: address("2001:db8:a::1")] : [.v4: address("10.0.0.1")],
            interfaceAddresses: Set(
                subset(
                    [
                        address("127.0.0.1"), address("::1"), address("fe80::1"), address("192.168.0.1"),
                        address("192.168.0.2"), address("203.0.113.1"), address("198.51.100.1"),
                        address("2001:db8:a::1"), address("2001:db8:1b::1"),
                    ],
                    percent: 60
                )
            )
        )
    }

    /// A table that saw only the objects of now, in a random order.
    public mutating func scratchTable() -> ServiceTable {
        var table = ServiceTable(facts: facts, configuration: configuration)
        let updates = services.values.map(ObjectUpdate.service) + slices.values.map(ObjectUpdate.slice)
        for update in updates.shuffled(using: &random) {
            table.apply(update)
        }
        return table
    }

    private mutating func endpointAddress(_ family: IPFamily) -> IPAddress {
        let base = address(family == .v4 ? "10.244.0.0" : "fd00:244::")
        return IPAddress(high: base.high, low: base.low + UInt64.random(in: 1..<10, using: &random))
    }
}
