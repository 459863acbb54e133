// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects

/// What the ports of a Service and of its slices are joined on.
struct PortKey: Hashable {
    var name: String
    var transport: TransportProtocol

    init(_ port: ServicePort) {
        name = port.name
        transport = port.transport
    }

    init(_ port: EndpointPort) {
        name = port.name
        transport = port.transport
    }

    init(_ id: ServicePortID) {
        name = id.port
        transport = id.transport
    }
}

/// The ports of one Service, and the slice ports that feed each. For a Service with very many ports: to search all of them for
/// each one costs the square of their number, 4 s for 10,000.
struct PortLookup {
    /// A port of a slice: the slice's place among those of the Service, and the port's number.
    struct Feeder {
        var slice: Int
        var port: UInt16
    }

    private var ports: [PortKey: ServicePort] = [:]
    private var feeders: [PortKey: [Feeder]] = [:]

    /// With fewer ports a search is as quick.
    static let worthwhileCount = 16

    init(_ service: Service, _ slices: [EndpointSlice]) {
        ports.reserveCapacity(service.ports.count)
        for port in service.ports {
            // Of several in a file the last one counts.
            ports[PortKey(port)] = port
        }
        for (place, slice) in slices.enumerated() {
            for port in slice.ports where port.port != 0 {
                feeders[PortKey(port), default: []].append(Feeder(slice: place, port: port.port))
            }
        }
    }

    func port(_ id: ServicePortID) -> ServicePort? { ports[PortKey(id)] }

    func feeders(of port: ServicePort) -> [Feeder] { feeders[PortKey(port), default: []] }
}

extension [EndpointPort] {
    /// Those that are not among the others.
    func subtracting(_ others: [EndpointPort]) -> [EndpointPort] {
        guard count > PortLookup.worthwhileCount else { return filter { !others.contains($0) } }
        let others = Set(others)
        return filter { !others.contains($0) }
    }
}
