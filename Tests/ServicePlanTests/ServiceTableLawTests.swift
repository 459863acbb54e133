import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import SystemTesting
import Testing

/// Laws that hold for every history of updates.
struct ServiceTableLawTests {
    /// A small cluster that changes at random. Few names and addresses, so that things meet.
    private struct History {
        private(set) var random: SeededGenerator
        private(set) var services: [ObjectName: Service] = [:]
        private(set) var slices: [ObjectName: EndpointSlice] = [:]
        private(set) var facts = NodeFacts(
            name: "here", zone: "zone-a", nodeIPs: [.v4: "192.168.0.1", .v6: "2001:db8:a::1"],
            interfaceAddresses: ["127.0.0.1", "::1", "192.168.0.1", "2001:db8:a::1"]
        )
        let configuration: PlanConfiguration

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            let settings: [PlanConfiguration.NodePortAddresses] = [
                .all, .primary, .inside(["192.168.0.0/16"]), .inside(["172.16.0.0/12", "2001:db8:a::/48"]),
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
            ObjectName(namespace: pick(["shop", "lab"]), name: "s\(Int.random(in: 0..<8, using: &random))")
        }

        mutating func step(_ table: inout ServiceTable) {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                let service = service()
                services[service.name] = service
                table.apply(.service(service))
            case 6..<8:
                let name = serviceName()
                services[name] = nil
                table.apply(.serviceRemoved(name))
            case 8..<16:
                let slice = slice()
                slices[slice.name] = slice
                table.apply(.slice(slice))
            case 16..<18:
                let name = ObjectName(
                    namespace: pick(["shop", "lab"]), name: "e\(Int.random(in: 0..<16, using: &random))")
                slices[name] = nil
                table.apply(.sliceRemoved(name))
            default:
                facts = nextFacts()
                table.replaceNodeFacts(facts)
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
            return Service(
                name: name,
                kind: pick([.clusterIP, .nodePort, .loadBalancer, .loadBalancer, .externalName]),
                clusterIPs: subset(IPFamily.allCases, percent: 80).map { family in
                    let base = family.clusterIP
                    return IPAddress(high: base.high, low: base.low + number)
                },
                ports: subset(ports, percent: 60),
                externalIPs: subset(["203.0.113.1", "192.168.0.1", "2001:db8:e::1"], percent: 20),
                loadBalancerVIPs: subset(["198.51.100.1", "2001:db8:1b::1", "203.0.113.1"], percent: 30),
                loadBalancerSourceRanges: subset(["192.168.0.0/16", "0.0.0.0/0", "fd00::/8"], percent: 20),
                internalTrafficPolicy: pick([.cluster, .local]),
                externalTrafficPolicy: pick([.cluster, .local]),
                clientAffinityTimeout: chance(20) ? 60 : nil,
                healthCheckNodePort: chance(50) ? 31000 : 0
            )
        }

        private mutating func slice() -> EndpointSlice {
            let number = Int.random(in: 0..<16, using: &random)
            let name = ObjectName(namespace: pick(["shop", "lab"]), name: "e\(number)")
            // Most slices stay with their Service and family, as they do in life.
            let family = chance(90) ? IPFamily.allCases[number / 8] : pick(IPFamily.allCases)
            let service = chance(80) ? number % 8 : Int.random(in: 0..<8, using: &random)
            let ports = [
                EndpointPort(name: "a", port: 8080), EndpointPort(name: "b", port: 8443),
                EndpointPort(name: "a", transport: .udp, port: 5353),
                EndpointPort(name: "c", transport: .sctp, port: 99),
            ]
            var endpoints: [Endpoint] = []
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                endpoints.append(
                    Endpoint(
                        address: family.endpoint(.random(in: 1..<10, using: &random)),
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
                endpoints: endpoints
            )
        }

        private mutating func nextFacts() -> NodeFacts {
            NodeFacts(
                name: chance(10) ? "elsewhere" : "here",
                zone: pick(["zone-a", "zone-b", nil]),
                nodeIPs: chance(50) ? [.v4: "192.168.0.1", .v6: "2001:db8:a::1"] : [.v4: "10.0.0.1"],
                interfaceAddresses: Set(
                    subset(
                        [
                            "127.0.0.1", "::1", "fe80::1", "192.168.0.1", "192.168.0.2", "203.0.113.1", "198.51.100.1",
                            "2001:db8:a::1", "2001:db8:1b::1",
                        ],
                        percent: 60
                    )
                )
            )
        }

        /// A table that saw only the objects of now, in a random order.
        mutating func scratchTable() -> ServiceTable {
            var table = ServiceTable(facts: facts, configuration: configuration)
            let updates = services.values.map(ObjectUpdate.service) + slices.values.map(ObjectUpdate.slice)
            for update in updates.shuffled(using: &random) {
                table.apply(update)
            }
            return table
        }
    }

    private struct PlanKey: Hashable {
        var id: ServicePortID
        var family: IPFamily
    }

    /// What a reconciler does: plans the dirty ports again and keeps the other plans.
    private func refresh(
        _ plans: inout [PlanKey: ServicePortPlan], _ status: inout ServiceStatusTable, _ table: inout ServiceTable
    ) {
        for id in table.takeDirty() {
            for family in IPFamily.allCases {
                let plan = table.plan(of: id, in: family)
                plans[PlanKey(id: id, family: family)] = plan == ServicePortPlan() ? nil : plan
                status.record(plan.observations, of: id, in: family)
            }
        }
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `keeping up with 300 updates ends where starting from the last objects does`(seed: UInt64) {
        var history = History(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        var plans: [PlanKey: ServicePortPlan] = [:]
        var status = ServiceStatusTable()
        for step in 1...300 {
            history.step(&table)
            // Sometimes each update by itself, sometimes many gathered.
            if seed % 2 == 0 || step % 17 == 0 { refresh(&plans, &status, &table) }
        }
        refresh(&plans, &status, &table)

        var scratch = history.scratchTable()
        var expectedPlans: [PlanKey: ServicePortPlan] = [:]
        var expectedStatus = ServiceStatusTable()
        #expect(scratch.servicePorts == table.servicePorts)
        refresh(&expectedPlans, &expectedStatus, &scratch)

        #expect(!plans.isEmpty)
        // The keys alone: whole plans would fill pages.
        let wrong = Set(plans.keys).union(expectedPlans.keys).filter { plans[$0] != expectedPlans[$0] }
        #expect(wrong.map { "\($0.family) \($0.id)/\($0.id.transport)" }.sorted() == [])
        for family in IPFamily.allCases {
            #expect(status.healthChecks(family) == expectedStatus.healthChecks(family))
            #expect(status.omissions(family).map(\.id) == expectedStatus.omissions(family).map(\.id))
            for policy in ServiceStatusTable.TrafficPolicyKind.allCases {
                let lacking = Set(
                    expectedPlans.filter { key, plan in
                        key.family == family
                            && (policy == .internal
                                ? plan.observations.lacksLocalEndpointsForInternalTraffic
                                : plan.observations.lacksLocalEndpointsForExternalTraffic)
                    }.keys.map(\.id.service)
                )
                #expect(status.servicesWithoutLocalEndpoints(policy, family) == lacking.count)
            }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `equal objects make equal plans, whatever the order they came in`(seed: UInt64) {
        var history = History(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        for _ in 1...200 { history.step(&table) }
        let one = history.scratchTable()
        let other = history.scratchTable()
        for id in one.servicePorts {
            for family in IPFamily.allCases {
                #expect(one.plan(of: id, in: family) == other.plan(of: id, in: family))
            }
            #expect(one.explanation(of: id.service) == other.explanation(of: id.service))
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `every plan is sorted and has everything once, and no virtual server without what leads to it`(seed: UInt64) {
        var history = History(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        for _ in 1...200 { history.step(&table) }
        for id in table.servicePorts {
            for family in IPFamily.allCases {
                let contribution = table.plan(of: id, in: family).contribution
                let ids = contribution.virtualServers.map(\.id)
                #expect(ids == Set(ids).sorted())
                #expect(contribution.addresses == Set(contribution.addresses).sorted())
                #expect(contribution.setEntries.count == Set(contribution.setEntries).count)
                #expect(contribution.serversClosedToNode.allSatisfy(ids.contains))
                for server in contribution.virtualServers {
                    let servers = server.realServers.map(\.id)
                    #expect(servers == Set(servers).sorted())
                    #expect(
                        contribution.addresses.contains(server.id.address)
                            || history.facts.interfaceAddresses.contains(server.id.address))
                }
            }
        }
    }
}
