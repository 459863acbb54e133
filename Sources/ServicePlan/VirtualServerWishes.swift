// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
public import KubernetesObjects

/// The virtual servers that a Service may want on any node: enough to find, among all Services, those that may want one of them too,
/// when only one Service is looked at.
public struct VirtualServerWishes: Hashable, Sendable {
    private struct Port: Hashable {
        var number: UInt16
        var transport: TransportProtocol
    }

    private var servers: Set<VirtualServer.ID> = []
    /// Of addresses that may be a node's own one, where node ports are.
    private var externalPorts: Set<Port> = []
    private var nodePorts: Set<Port> = []

    public init(of service: Service) {
        for port in service.ports {
            for address in service.virtualAddresses { servers.insert(port.server(at: address)) }
            if !service.externalIPs.isEmpty || !service.loadBalancerVIPs.isEmpty {
                externalPorts.insert(Port(number: port.port, transport: port.transport))
            }
            if port.nodePort != 0 { nodePorts.insert(Port(number: port.nodePort, transport: port.transport)) }
        }
    }

    /// Whether both may want the same virtual server.
    public func meet(_ other: Service) -> Bool {
        let addresses = other.virtualAddresses
        let isExternal = !other.externalIPs.isEmpty || !other.loadBalancerVIPs.isEmpty
        return other.ports.contains { port in
            let external = Port(number: port.port, transport: port.transport)
            let node = Port(number: port.nodePort, transport: port.transport)
            return addresses.contains { servers.contains(port.server(at: $0)) }
                || isExternal && nodePorts.contains(external)
                || port.nodePort != 0 && (nodePorts.contains(node) || externalPorts.contains(node))
        }
    }
}

extension Service {
    fileprivate var virtualAddresses: [IPAddress] { clusterIPs + externalIPs + loadBalancerVIPs }
}

extension ServicePort {
    fileprivate func server(at address: IPAddress) -> VirtualServer.ID {
        VirtualServer.ID(address: address, port: port, transport: transport)
    }
}
