// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// Which Service ports a change makes dirty.
struct ServiceTableTests {
    private let web = ObjectName(namespace: "shop", name: "web")
    private let api = ObjectName(namespace: "shop", name: "api")

    private func port(_ name: String, _ transport: TransportProtocol = .tcp, nodePort: UInt16 = 0) -> ServicePort {
        ServicePort(name: name, transport: transport, port: transport == .tcp ? 80 : 53, nodePort: nodePort)
    }

    private func service(_ name: ObjectName, _ ports: [ServicePort]) -> Service {
        Service(name: name, clusterIPs: [name == web ? "10.96.0.1" : "10.96.0.2"], ports: ports)
    }

    private func slice(_ name: String, of service: String, _ ports: [String], _ endpoints: [UInt64]) -> EndpointSlice {
        EndpointSlice(
            name: ObjectName(namespace: "shop", name: name),
            serviceName: service,
            ports: ports.map { EndpointPort(name: $0, port: 8080) },
            endpoints: endpoints.map { Endpoint(address: IPFamily.v4.endpoint($0), nodeName: "elsewhere") }
        )
    }

    /// web has the ports http, https and the UDP port http; api has grpc. Nothing is dirty.
    private func makeTable(facts: NodeFacts = NodeFacts(name: "here", zone: "zone-a")) -> ServiceTable {
        var table = ServiceTable(facts: facts)
        table.apply(.service(service(web, [port("http"), port("https"), port("http", .udp)])))
        table.apply(.service(service(api, [port("grpc")])))
        table.apply(.slice(slice("web-1", of: "web", ["http", "https"], [1])))
        table.apply(.slice(slice("api-1", of: "api", ["grpc"], [2])))
        _ = table.takeDirty()
        return table
    }

    /// In ascending order: which one comes first means nothing.
    private func dirty(_ table: inout ServiceTable) -> [String] {
        table.takeDirty().sorted().map { "\($0)/\($0.transport)" }
    }

    private let webTCP = ["shop/web:http/TCP", "shop/web:https/TCP"]
    private let webAll = ["shop/web:http/TCP", "shop/web:http/UDP", "shop/web:https/TCP"]

    @Test func `a new Service makes its ports dirty`() {
        var table = ServiceTable(facts: NodeFacts(name: "here"))
        #expect(!table.hasDirty)
        table.apply(.service(service(web, [port("https"), port("http", .udp), port("http")])))
        #expect(table.hasDirty)
        #expect(dirty(&table) == webAll)
        #expect(!table.hasDirty)
        #expect(dirty(&table) == [])
    }

    @Test func `the same object again makes nothing dirty`() {
        var table = makeTable()
        table.apply(.service(service(api, [port("grpc")])))
        table.apply(.slice(slice("api-1", of: "api", ["grpc"], [2])))
        #expect(dirty(&table) == [])
    }

    @Test func `a changed Service makes its ports dirty, and the ones it lost`() {
        var table = makeTable()
        table.apply(.service(service(web, [port("http"), port("metrics")])))
        #expect(
            dirty(&table) == [
                "shop/web:http/TCP", "shop/web:http/UDP", "shop/web:https/TCP", "shop/web:metrics/TCP",
            ])
        let gone = ServicePortID(service: web, port: "https", transport: .tcp)
        #expect(table.plan(of: gone, in: .v4) == ServicePortPlan())
    }

    @Test func `each of very many ports is dirty once, and so are two with one identity`() {
        var table = ServiceTable(facts: NodeFacts(name: "here"))
        let ports = (0..<100).map { port("p\($0)") } + [port("p1")]
        table.apply(.service(service(web, ports)))
        #expect(table.takeDirty().count == 100)
        table.apply(.slice(slice("web-1", of: "web", ["p1", "p70"], [1])))
        #expect(dirty(&table) == ["shop/web:p1/TCP", "shop/web:p70/TCP"])
        table.apply(.service(service(web, ports.reversed())))
        #expect(table.takeDirty().count == 100)
    }

    @Test func `a Service in place of one that has gone leaves the ports of that one dirty`() {
        var table = makeTable()
        table.apply(.sliceRemoved(ObjectName(namespace: "shop", name: "web-1")))
        table.apply(.serviceRemoved(web))
        table.apply(.service(service(ObjectName(namespace: "shop", name: "db"), [port("sql")])))
        #expect(dirty(&table) == ["shop/db:sql/TCP"] + webAll)
        #expect(table.servicePorts.count == 2)
    }

    @Test func `a removed Service makes its ports dirty, and they contribute nothing`() {
        var table = makeTable()
        table.apply(.serviceRemoved(web))
        let ids = table.takeDirty()
        #expect(ids.count == 3)
        #expect(ids.allSatisfy { table.plan(of: $0, in: .v4) == ServicePortPlan() })
        #expect(table.service(web) == nil)
    }

    @Test func `removing what is not there makes nothing dirty`() {
        var table = makeTable()
        table.apply(.serviceRemoved(ObjectName(namespace: "shop", name: "none")))
        table.apply(.sliceRemoved(ObjectName(namespace: "shop", name: "none")))
        #expect(dirty(&table) == [])
    }

    @Test func `a slice's endpoints make dirty the ports of its own Service that it has`() {
        var table = makeTable()
        table.apply(.slice(slice("web-1", of: "web", ["http", "https"], [1, 2])))
        #expect(dirty(&table) == webTCP)
        table.apply(.slice(slice("web-2", of: "web", ["https"], [3])))
        #expect(dirty(&table) == ["shop/web:https/TCP"])
    }

    @Test func `a slice that loses a port makes just that port dirty`() {
        var table = makeTable()
        table.apply(.slice(slice("web-1", of: "web", ["http"], [1])))
        #expect(dirty(&table) == ["shop/web:https/TCP"])
    }

    @Test func `a slice that loses a port along with endpoints makes the lost port dirty too`() {
        var table = makeTable()
        table.apply(.slice(slice("web-1", of: "web", ["http"], [1, 2])))
        #expect(dirty(&table) == webTCP)
    }

    @Test func `a slice whose port gets another number makes just that port dirty`() {
        var table = makeTable()
        var changed = slice("web-1", of: "web", ["http", "https"], [1])
        changed.ports[0].port = 9090
        table.apply(.slice(changed))
        #expect(dirty(&table) == ["shop/web:http/TCP"])
    }

    @Test func `a removed slice makes its ports dirty`() {
        var table = makeTable()
        table.apply(.sliceRemoved(ObjectName(namespace: "shop", name: "web-1")))
        #expect(dirty(&table) == webTCP)
        #expect(table.endpoints(of: ServicePortID(port("http"), of: web), in: .v4).isEmpty)
    }

    @Test func `a slice that moves to another Service makes both dirty`() {
        var table = makeTable()
        table.apply(.slice(slice("web-1", of: "api", ["http", "grpc"], [1])))
        #expect(dirty(&table) == ["shop/api:grpc/TCP"] + webTCP)
        #expect(table.slices(of: web).isEmpty)
        #expect(table.slices(of: api).count == 2)
    }

    @Test func `a slice that loses its service-name label leaves its Service`() {
        var table = makeTable()
        table.apply(.slice(slice("web-1", of: "", ["http"], [1])))
        #expect(dirty(&table) == webTCP)
        #expect(table.slices(of: web).isEmpty)
    }

    @Test func `slices that come before their Service count when it comes, and outlive it`() {
        var table = ServiceTable(facts: NodeFacts(name: "here"))
        table.apply(.slice(slice("web-1", of: "web", ["http"], [1])))
        #expect(dirty(&table) == [])

        let id = ServicePortID(port("http"), of: web)
        for _ in 1...2 {
            table.apply(.service(service(web, [port("http")])))
            #expect(table.takeDirty() == [id])
            #expect(table.plan(of: id, in: .v4).contribution.virtualServers.first?.realServers.count == 1)
            table.apply(.serviceRemoved(web))
            #expect(table.takeDirty() == [id])
        }
    }

    @Test func `a slice of the same name in another namespace is another slice`() {
        var table = makeTable()
        var other = slice("web-1", of: "web", ["http"], [7])
        other.name.namespace = "lab"
        table.apply(.slice(other))
        #expect(dirty(&table) == [])
        #expect(table.endpoints(of: ServicePortID(port("http"), of: web), in: .v4).map(\.id.address.hostNumber) == [1])
    }

    @Test func `all Service ports are listed in ascending order`() {
        #expect(
            makeTable().servicePorts.map(\.description) == [
                "shop/api:grpc", "shop/web:http", "shop/web:http", "shop/web:https",
            ])
    }

    // MARK: The node

    private func dirtyPorts(
        facts old: NodeFacts = NodeFacts(name: "here", zone: "zone-a", nodeIPs: [.v4: "192.168.0.1"]),
        change: (inout NodeFacts) -> Void
    ) -> [String] {
        var table = makeTable(facts: old)
        var exposed = service(api, [port("grpc", nodePort: 30080), port("plain")])
        exposed.kind = .loadBalancer
        exposed.loadBalancerVIPs = ["198.51.100.1"]
        table.apply(.service(exposed))
        var hinted = slice("web-1", of: "web", ["http", "https"], [1])
        hinted.endpoints[0].zoneHints = ["zone-b"]
        table.apply(.slice(hinted))
        var guarded = service(ObjectName(namespace: "shop", name: "guarded"), [port("tls")])
        guarded.loadBalancerSourceRanges = ["10.0.0.0/8"]
        table.apply(.service(guarded))
        _ = table.takeDirty()

        var facts = old
        change(&facts)
        table.replaceNodeFacts(facts)
        return dirty(&table)
    }

    @Test func `the same node facts make nothing dirty`() {
        #expect(dirtyPorts { _ in } == [])
    }

    @Test func `another node name makes everything dirty`() {
        #expect(dirtyPorts { $0.name = "there" }.count == 6)
    }

    @Test func `another zone makes Services with zone hints dirty`() {
        #expect(dirtyPorts { $0.zone = "zone-b" } == webAll)
    }

    @Test func `another node IP makes Services with source ranges dirty`() {
        #expect(dirtyPorts { $0.nodeIPs[.v4] = "10.0.0.1" } == ["shop/guarded:tls/TCP"])
    }

    @Test func `an interface address makes node ports dirty`() {
        #expect(dirtyPorts { $0.interfaceAddresses.insert("192.168.0.9") } == ["shop/api:grpc/TCP"])
    }

    @Test func `an interface address that serves no node port makes nothing dirty`() {
        #expect(dirtyPorts { $0.interfaceAddresses.formUnion(["127.0.0.9", "fe80::9"]) } == [])
    }

    @Test func `an interface address that is a load balancer VIP makes all ports of its Service dirty`() {
        #expect(
            dirtyPorts { $0.interfaceAddresses.insert("198.51.100.1") } == ["shop/api:grpc/TCP", "shop/api:plain/TCP"])
    }

    @Test func `a VIP that an interface gains is no longer bound, and bound again when it is lost`() {
        var table = makeTable()
        var exposed = service(api, [port("plain")])
        exposed.loadBalancerVIPs = ["198.51.100.1"]
        table.apply(.service(exposed))
        let id = ServicePortID(port("plain"), of: api)

        #expect(table.plan(of: id, in: .v4).contribution.addresses == ["10.96.0.2", "198.51.100.1"])
        table.replaceNodeFacts(NodeFacts(name: "here", zone: "zone-a", interfaceAddresses: ["198.51.100.1"]))
        #expect(table.plan(of: id, in: .v4).contribution.addresses == ["10.96.0.2"])
        table.replaceNodeFacts(NodeFacts(name: "here", zone: "zone-a"))
        #expect(table.plan(of: id, in: .v4).contribution.addresses == ["10.96.0.2", "198.51.100.1"])
    }
}
