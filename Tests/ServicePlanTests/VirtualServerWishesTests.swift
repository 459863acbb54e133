// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import ServicePlan
import Testing

@Suite("Which Services may want the same virtual server") struct VirtualServerWishesTests {
    private static let address = IPAddress(v4: 0xc000_0201)

    private static func service(
        _ number: UInt32,
        port: UInt16 = 80,
        nodePort: UInt16 = 0,
        transport: TransportProtocol = .tcp,
        _ change: (inout Service) -> Void = { _ in }
    ) -> Service {
        var service = Service(
            name: ObjectName(namespace: "default", name: "s\(number)"),
            clusterIPs: [IPAddress(v4: 0x0a60_0000 + number)],
            ports: [ServicePort(name: "http", transport: transport, port: port, nodePort: nodePort)]
        )
        change(&service)
        return service
    }

    private static let pairs: [(what: String, Service, Service, Bool)] = [
        ("others", service(1), service(2), false),
        ("one cluster IP", service(1), service(1), true),
        ("one cluster IP, other ports", service(1), service(1, port: 81), false),
        ("one cluster IP, other protocols", service(1), service(1, transport: .udp), false),
        ("one external IP", service(1) { $0.externalIPs = [address] }, service(2) { $0.externalIPs = [address] }, true),
        (
            "external and load balancer IP", service(1) { $0.externalIPs = [address] },
            service(2) { $0.loadBalancerVIPs = [address] }, true
        ),
        (
            "one external IP, other ports", service(1) { $0.externalIPs = [address] },
            service(2, port: 81) { $0.externalIPs = [address] }, false
        ),
        (
            "an external IP that is a cluster IP", service(1) { $0.externalIPs = [IPAddress(v4: 0x0a60_0002)] },
            service(2), true
        ),
        ("one node port", service(1, nodePort: 30080), service(2, nodePort: 30080), true),
        ("other node ports", service(1, nodePort: 30080), service(2, nodePort: 30081), false),
        (
            "a node port of another protocol", service(1, nodePort: 30080),
            service(2, nodePort: 30080, transport: .udp), false
        ),
        (
            "a node port, and an external IP that may be the node's", service(1, nodePort: 30080),
            service(2, port: 30080) { $0.externalIPs = [address] }, true
        ),
        ("a node port, and a cluster IP's port", service(1, nodePort: 30080), service(2, port: 30080), false),
    ]

    @Test(arguments: pairs)
    func `it is found, whichever of the two is looked at`(what: String, first: Service, second: Service, meet: Bool) {
        #expect(VirtualServerWishes(of: first).meet(second) == meet, "\(what)")
        #expect(VirtualServerWishes(of: second).meet(first) == meet, "\(what)")
    }
}
