// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CNetlinkBench
import DataplaneModel
import KubernetesObjects
import ServicePlan

/// How large the measured cluster is, and its objects.
///
/// Each Service has one TCP port, one cluster IP and one EndpointSlice. Of its endpoints one in a hundred is on this node,
/// as in a cluster of a hundred nodes.
struct Scale {
    var services: Int
    var endpoints: Int
    /// Whether each Service has a cluster IP of IPv6 too, with as many endpoints in a slice of their own.
    var isDualStack = false
    /// How the virtual IPs become the node's own.
    var virtualIPs = VirtualIPMode.addresses

    static let nodeName = "node-0"

    func service(_ number: Int) -> Service {
        Service(
            name: ObjectName(namespace: "bench", name: Self.name(number)),
            clusterIPs: [IPAddress(v4: bench_virtual_ip(UInt32(number)))]
                + (isDualStack ? [IPAddress(high: 0xfd00_0096 << 32, low: UInt64(number + 1))] : []),
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

    /// The slices of a Service: one, or one for each family.
    func slices(_ number: Int) -> [EndpointSlice] {
        guard isDualStack else { return [slice(number)] }
        var other = slice(number, endpoints: slice(number).endpoints.map(\.sixth))
        other.name = ObjectName(namespace: "bench", name: "\(Self.name(number))-vwxyz")
        other.family = .v6
        return [slice(number), other]
    }

    /// The same cluster with as many Services more.
    func enlarged(by count: Int) -> Scale {
        var larger = self
        larger.services += count
        return larger
    }

    /// What the row's name ends with, so that rows tell which way they were measured.
    var suffix: String {
        (isDualStack ? ", dual stack" : "") + (virtualIPs == .addresses ? "" : ", \(virtualIPs.rawValue)")
    }

    /// An endpoint that is in no slice at the start.
    func newcomer(_ number: Int) -> Endpoint {
        Endpoint(address: IPAddress(v4: 0x0c00_0001 + UInt32(number)), nodeName: "node-1")
    }

    /// All Services and their slices.
    var updates: [ObjectUpdate] {
        (0..<services).flatMap { [.service(service($0))] + slices($0).map { .slice($0) } }
    }

    /// Decoding shares each name too.
    private static let nodeNames = (0..<100).map { "node-\($0)" }

    private static func name(_ number: Int) -> String { "service-\(number)" }
}

extension Endpoint {
    /// The same in IPv6.
    fileprivate var sixth: Endpoint {
        var endpoint = self
        endpoint.address = IPAddress(high: 0xfd00_0244 << 32, low: UInt64(address.v4Value ?? 0))
        return endpoint
    }
}
