// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// External and load balancer IPs that are addresses of others with whom the node speaks.
struct AddressConcernTests {
    private static let apiServer = IPAddress(v4: 0x0a00_0001)
    private static let gateway = IPAddress(v4: 0x0a00_00fe)
    private static let node = IPAddress(v4: 0xc0a8_0001)

    private static func apiServerSlice(_ addresses: [IPAddress] = [apiServer]) -> EndpointSlice {
        EndpointSlice(
            name: ObjectName(namespace: "default", name: "kubernetes"),
            serviceName: "kubernetes",
            family: .v4,
            ports: [EndpointPort(name: "https", port: 6443)],
            endpoints: addresses.map { Endpoint(address: $0) }
        )
    }

    private static func service(
        _ name: String = "aaa/x",
        externalIPs: [IPAddress] = [],
        loadBalancerIPs: [IPAddress] = [],
        port: UInt16 = 443
    ) -> Service {
        let parts = name.split(separator: "/").map(String.init)
        var service = Service(
            name: ObjectName(namespace: parts[0], name: parts[1]),
            clusterIPs: [IPAddress(v4: 0x0a60_0009)],
            ports: [ServicePort(name: "https", port: port)]
        )
        service.externalIPs = externalIPs
        service.loadBalancerVIPs = loadBalancerIPs
        return service
    }

    private static func table(
        _ services: [Service],
        surroundings: NodeSurroundings = NodeSurroundings(defaultGateways: [gateway]),
        attractsVitalAddresses: Bool = false,
        interfaceAddresses: Set<IPAddress> = [node]
    ) -> ServiceTable {
        var table = ServiceTable(
            facts: NodeFacts(name: "here", interfaceAddresses: interfaceAddresses, surroundings: surroundings),
            configuration: PlanConfiguration(attractsVitalAddresses: attractsVitalAddresses)
        )
        table.apply(.slice(apiServerSlice()))
        for service in services { table.apply(.service(service)) }
        return table
    }

    private static func plan(_ table: ServiceTable, _ service: String = "aaa/x") -> ServicePortPlan {
        let parts = service.split(separator: "/").map(String.init)
        let name = ObjectName(namespace: parts[0], name: parts[1])
        return table.plan(of: ServicePortID(service: name, port: "https", transport: .tcp), in: .v4)
    }

    private static func attracts(_ address: IPAddress, _ plan: ServicePortPlan) -> Bool {
        let contribution = plan.contribution
        let hasServer = contribution.virtualServers.contains { $0.id.address == address }
        let hasAddress = contribution.addresses.contains(address)
        let hasEntry = contribution.setEntries.contains { $0.entry.description.contains("\(address)") }
        #expect(hasServer == hasEntry)
        #expect(!hasAddress || hasServer)
        return hasServer
    }

    @Test(arguments: [VirtualIP.Kind.externalIP, .loadBalancer])
    func `no Service attracts an API server or the default gateway`(kind: VirtualIP.Kind) {
        for (address, reason) in [
            (Self.apiServer, AddressConcern.Reason.apiServer), (Self.gateway, .defaultGateway),
        ] {
            let service = Self.service(
                externalIPs: kind == .externalIP ? [address] : [],
                loadBalancerIPs: kind == .loadBalancer ? [address] : [])
            let plan = Self.plan(Self.table([service]))
            #expect(!Self.attracts(address, plan))
            #expect(
                plan.observations.concerns == [
                    AddressConcern(kind: kind, address: address, reason: reason, isAttracted: false)
                ])
            #expect(plan.observations.omissions == [.vitalAddress])
            // Its cluster IP is not the worse for it.
            #expect(plan.contribution.virtualServers.map(\.id.address) == [IPAddress(v4: 0x0a60_0009)])

            let allowed = Self.plan(Self.table([service], attractsVitalAddresses: true))
            #expect(Self.attracts(address, allowed))
            #expect(allowed.contribution.addresses.contains(address))
            #expect(allowed.observations.concerns.map(\.isAttracted) == [true], "it is warned of all the same")
        }
    }

    @Test func `the address that the daemon's own connection goes to is not attracted`() {
        let front = IPAddress(v4: 0x0a00_0064)
        let surroundings = NodeSurroundings(apiServers: [front: [6443]])
        #expect(
            !Self.attracts(
                front, Self.plan(Self.table([Self.service(externalIPs: [front])], surroundings: surroundings))))
    }

    @Test func `a Service whose endpoints are the API servers may have the address in front of them`() {
        let front = IPAddress(v4: 0x0a00_0064)
        var table = Self.table(
            [Self.service(loadBalancerIPs: [front])], surroundings: NodeSurroundings(apiServers: [front: [6443]]))
        let slice = EndpointSlice(
            name: ObjectName(namespace: "aaa", name: "x-1"), serviceName: "x", family: .v4,
            ports: [EndpointPort(name: "https", port: 6443)], endpoints: [Endpoint(address: Self.apiServer)])
        table.apply(.slice(slice))
        #expect(Self.attracts(front, Self.plan(table)))
        // One endpoint of its own among them, and it is somebody else's.
        var mixed = slice
        mixed.endpoints.append(Endpoint(address: IPAddress(v4: 0x0af4_0001)))
        table.apply(.slice(mixed))
        #expect(!Self.attracts(front, Self.plan(table)))
    }

    @Test func `the Service of the API server may have what is its own`() {
        let own = Self.service("default/kubernetes", externalIPs: [Self.apiServer])
        #expect(Self.attracts(Self.apiServer, Self.plan(Self.table([own]), "default/kubernetes")))
    }

    @Test func `on the API server's own node a Service has its ports but the API server's`() {
        // The address is not bound there, so nothing but the port goes to the Service.
        let own: Set<IPAddress> = [Self.apiServer]
        let web = Self.table([Self.service(externalIPs: [Self.apiServer])], interfaceAddresses: own)
        #expect(Self.attracts(Self.apiServer, Self.plan(web)))
        #expect(Self.plan(web).contribution.addresses == [IPAddress(v4: 0x0a60_0009)])
        let taker = Self.table([Self.service(externalIPs: [Self.apiServer], port: 6443)], interfaceAddresses: own)
        #expect(!Self.attracts(Self.apiServer, Self.plan(taker)))
    }

    @Test func `when the API servers change, the Services with their addresses are planned again`() {
        let other = IPAddress(v4: 0x0a00_0002)
        var table = Self.table([Self.service(externalIPs: [other]), Self.service("bbb/y", externalIPs: [Self.gateway])])
        _ = table.takeDirty()
        table.apply(.slice(Self.apiServerSlice([Self.apiServer, other])))
        #expect(table.takeDirty().map(\.service.namespace) == ["aaa"])
        #expect(!Self.attracts(other, Self.plan(table)))
        table.apply(.sliceRemoved(ObjectName(namespace: "default", name: "kubernetes")))
        #expect(table.takeDirty().map(\.service.namespace) == ["aaa"])
        #expect(Self.attracts(other, Self.plan(table)))
    }

    @Test func `when the gateway changes, the Services with its addresses are planned again`() {
        var table = Self.table([Self.service(externalIPs: [Self.gateway]), Self.service("bbb/y")])
        _ = table.takeDirty()
        var facts = table.basis.facts
        facts.surroundings.defaultGateways = []
        table.replaceNodeFacts(facts)
        #expect(table.takeDirty().map(\.service.namespace) == ["aaa"])
        #expect(Self.attracts(Self.gateway, Self.plan(table)))
    }

    @Test func `other nodes' addresses are attracted as by kube-proxy, and warned of`() {
        let (gateway, node, listed) = (
            IPAddress(v4: 0xc0a8_0002), IPAddress(v4: 0xc0a8_0003), IPAddress(v4: 0xc0a8_0004)
        )
        let neighbour = IPAddress(v4: 0xc0a8_0005)
        let surroundings = NodeSurroundings(
            otherGateways: [gateway], otherNodes: [node], neighbours: [neighbour])
        for (addresses, other) in [
            ([gateway], gateway), ([node], node), ([neighbour], neighbour), ([Self.node, listed], listed),
        ] {
            let plan = Self.plan(Self.table([Self.service(loadBalancerIPs: addresses)], surroundings: surroundings))
            #expect(Self.attracts(other, plan))
            #expect(
                plan.observations.concerns == [
                    AddressConcern(kind: .loadBalancer, address: other, reason: .otherHost, isAttracted: true)
                ])
            #expect(plan.observations.omissions == [])
        }
        let harmless = Self.plan(
            Self.table([Self.service(loadBalancerIPs: [IPAddress(v4: 0xcb00_7101)])], surroundings: surroundings))
        #expect(harmless.observations.concerns == [])
    }

    @Test func `an explanation says what is left out, and what to beware of`() throws {
        let service = Self.service(
            externalIPs: [Self.gateway], loadBalancerIPs: [Self.node, IPAddress(v4: 0xc0a8_0004)])
        let table = Self.table([service])
        let text = try #require(table.explanation(of: service.name)).description
        #expect(
            text.contains(
                "    left out: external IP 10.0.0.254 is the node's default gateway: the Service does not attract it"))
        #expect(
            text.contains(
                "    beware: load balancer 192.168.0.4 is an address of another host: "
                    + "this node reaches that host no more but through the Service"))
        #expect(!text.contains("external IP TCP 10.0.0.254"))
    }
}
