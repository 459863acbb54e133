// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
public import KubernetesObjects

/// Divides the Services of a large cluster into parts, each of which can be planned without the others.
///
/// First every Service is noted, then `divide` is called, and then each part is asked for in turn, the first one first. Services that
/// may want the same virtual server are all in the first part: who has it is decided among them. Nothing of a Service is held but
/// hashes.
public struct ServiceParts: Sendable {
    private struct Port: Hashable {
        var number: UInt16
        var transport: TransportProtocol
    }

    /// Of virtual servers, while Services are noted.
    private var servers: Set<Int> = []
    private var contestedServers: Set<Int> = []
    private var nodePorts: Set<Port> = []
    private var contestedNodePorts: Set<Port> = []
    /// Ports of addresses that may be a node's own one, where node ports are.
    private var externalPorts: Set<Port> = []
    /// Of the names of Services in the first part because of what they want.
    private var contestedNames: Set<Int> = []

    /// How many Services were noted.
    public private(set) var serviceCount = 0
    /// How many parts there are.
    public private(set) var count = 1

    public init() {}

    public mutating func note(_ service: Service) {
        serviceCount += 1
        // One Service may have an address twice, and is no rival of itself.
        for server in Set(service.servers) where !servers.insert(server).inserted { contestedServers.insert(server) }
        for port in service.ports {
            let node = Port(number: port.nodePort, transport: port.transport)
            if port.nodePort != 0, !nodePorts.insert(node).inserted { contestedNodePorts.insert(node) }
            if service.isExternal { externalPorts.insert(Port(number: port.port, transport: port.transport)) }
        }
    }

    /// Fixes the number of parts.
    ///
    /// - Parameter size: of a part, in Services.
    public mutating func divide(by size: Int) {
        count = max(1, (serviceCount + size - 1) / size)
        servers = []
    }

    /// The part that a Service is in, from 0.
    public mutating func part(of service: Service) -> Int {
        guard isContested(service) else { return part(of: service.name) }
        contestedNames.insert(service.name.hashValue)
        return 0
    }

    /// The part that the slices of a Service are in, once the Services of the first part have been asked for.
    public func part(ofSlicesOf service: ObjectName) -> Int {
        contestedNames.contains(service.hashValue) ? 0 : part(of: service)
    }

    private func part(of name: ObjectName) -> Int {
        Int(UInt(bitPattern: name.hashValue) % UInt(count))
    }

    private func isContested(_ service: Service) -> Bool {
        if !contestedServers.isEmpty, service.servers.contains(where: contestedServers.contains) { return true }
        return service.ports.contains { port in
            let node = Port(number: port.nodePort, transport: port.transport)
            return port.nodePort != 0 && (contestedNodePorts.contains(node) || externalPorts.contains(node))
                || service.isExternal && nodePorts.contains(Port(number: port.port, transport: port.transport))
        }
    }
}

extension Service {
    fileprivate var isExternal: Bool { !externalIPs.isEmpty || !loadBalancerVIPs.isEmpty }

    /// Hashes of the virtual servers that it may want, but for node ports.
    fileprivate var servers: [Int] {
        (clusterIPs + externalIPs + loadBalancerVIPs).flatMap { address in
            ports.map { VirtualServer.ID(address: address, port: $0.port, transport: $0.transport).hashValue }
        }
    }
}
