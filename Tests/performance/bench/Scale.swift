// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CNetlinkBench
import KubernetesObjects
import ServicePlan

/// How large the measured cluster is, and its objects.
///
/// Each Service has one TCP port, one cluster IP and one EndpointSlice. Of its endpoints one in a hundred is on this node,
/// as in a cluster of a hundred nodes.
struct Scale {
    var services: Int
    var endpoints: Int

    static let nodeName = "node-0"

    func service(_ number: Int) -> Service {
        Service(
            name: ObjectName(namespace: "bench", name: Self.name(number)),
            clusterIPs: [IPAddress(v4: bench_virtual_ip(UInt32(number)))],
            ports: [ServicePort(name: "http", port: 80)]
        )
    }

    func slice(_ number: Int) -> EndpointSlice {
        slice(number, endpoints: (0..<endpoints).map { endpoint(number, $0) })
    }

    func slice(_ number: Int, endpoints: [Endpoint]) -> EndpointSlice {
        EndpointSlice(
            name: ObjectName(namespace: "bench", name: "\(Self.name(number))-abcde"),
            serviceName: Self.name(number),
            ports: [EndpointPort(name: "http", port: 8080)],
            endpoints: endpoints
        )
    }

    func endpoint(_ service: Int, _ number: Int) -> Endpoint {
        let count = service * endpoints + number
        return Endpoint(
            address: IPAddress(v4: bench_endpoint(UInt32(service), UInt32(number), UInt32(endpoints))),
            nodeName: Self.nodeNames[count % Self.nodeNames.count]
        )
    }

    /// An endpoint that is in no slice at the start.
    func newcomer(_ number: Int) -> Endpoint {
        Endpoint(address: IPAddress(v4: 0x0c00_0001 + UInt32(number)), nodeName: "node-1")
    }

    /// All Services and their slices.
    var updates: [ObjectUpdate] {
        (0..<services).flatMap { [.service(service($0)), .slice(slice($0))] }
    }

    /// Decoding shares each name too.
    private static let nodeNames = (0..<100).map { "node-\($0)" }

    private static func name(_ number: Int) -> String { "service-\(number)" }
}
