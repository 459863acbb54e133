// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Services with very many ports.
struct ManyPortsTests {
    private static let name = ObjectName(namespace: "shop", name: "many")

    private static func service(ports: Int) -> Service {
        Service(
            name: name,
            clusterIPs: [IPAddress(v4: 0x0a60_0001)],
            ports: (1...ports).map { ServicePort(name: "p\($0)", port: UInt16($0)) }
        )
    }

    /// A hundred ports a slice, as the endpoint slice controller makes them for endpoints with unlike ports.
    private static func slices(ports: Int) -> [EndpointSlice] {
        stride(from: 1, through: ports, by: 100).map { first in
            EndpointSlice(
                name: ObjectName(namespace: "shop", name: "many-\(first)"),
                serviceName: "many",
                ports: (first..<min(first + 100, ports + 1)).map { EndpointPort(name: "p\($0)", port: UInt16($0)) },
                endpoints: [Endpoint(address: IPAddress(v4: 0x0af4_0000 + UInt32(first)), nodeName: "here")]
            )
        }
    }

    private static func table(ports: Int) -> ServiceTable {
        var table = ServiceTable(facts: NodeFacts(name: "here"))
        table.apply([.service(service(ports: ports))] + slices(ports: ports).map(ObjectUpdate.slice))
        return table
    }

    @Test func `planning very many ports of one Service takes time by their number, not by its square`() {
        func time(ports: Int) -> Duration {
            (0..<3).map { _ in
                ContinuousClock().measure {
                    var table = Self.table(ports: ports)
                    table.planDirty(in: [.v4]) { _, _, _, _ in }
                }
            }.min() ?? .zero
        }
        #expect(time(ports: 8000) < time(ports: 2000) * 9)
    }

    @Test func `ports that are planned with many others become what each becomes by itself`() {
        var table = Self.table(ports: 500)
        var planned: [ServicePortID: Contribution] = [:]
        table.planDirty(in: [.v4]) { id, _, contribution, _ in planned[id] = contribution }
        #expect(planned.count == 500)
        for (id, contribution) in planned {
            #expect(contribution == table.plan(of: id, in: .v4).contribution)
            #expect(contribution.virtualServers.first?.realServers.count == 1)
        }
    }

    @Test func `of very many ports a part is planned at a time, and the Service that comes later is among the first`() {
        var table = Self.table(ports: 5000)
        var planned: Set<ServicePortID> = []
        func plan() -> Set<ServicePortID> {
            var ids: Set<ServicePortID> = []
            table.planDirty(in: [.v4], atMost: 1000) { id, _, _, _ in ids.insert(id) }
            return ids
        }
        planned.formUnion(plan())
        #expect(planned.count <= 1100)
        #expect(table.hasDirty)
        let small = ObjectName(namespace: "shop", name: "small")
        table.apply(
            .service(
                Service(
                    name: small, clusterIPs: [IPAddress(v4: 0x0a60_0002)], ports: [ServicePort(name: "http", port: 80)])
            ))
        let next = plan()
        #expect(next.contains { $0.service == small })
        planned.formUnion(next)
        while table.hasDirty { planned.formUnion(plan()) }
        #expect(planned.count == 5001)

        // Ports that go are among them too.
        table.apply(.serviceRemoved(Self.name))
        var gone: Set<ServicePortID> = []
        while table.hasDirty { gone.formUnion(plan()) }
        #expect(gone.count == 5000)
    }
}
