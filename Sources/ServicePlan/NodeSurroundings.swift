// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import KubernetesObjects

/// Addresses of other hosts that the node speaks to. A Service that attracts one of them with an external or load
/// balancer IP cuts the node off from that host. The address is then the node's own, at every port.
public struct NodeSurroundings: Hashable, Sendable {
    /// Where the daemon's connection to the API server goes, and at which ports.
    public var apiServers: [IPAddress: Set<UInt16>]
    /// The next hops of default routes.
    public var defaultGateways: Set<IPAddress>
    /// The next hops of other routes, such as those to other nodes' pods.
    public var otherGateways: Set<IPAddress>
    /// The addresses of other Nodes, as far as they are read.
    public var otherNodes: Set<IPAddress>
    /// Hosts on the node's own links, as far as Services want their addresses.
    public var neighbours: Set<IPAddress>

    public init(
        apiServers: [IPAddress: Set<UInt16>] = [:],
        defaultGateways: Set<IPAddress> = [],
        otherGateways: Set<IPAddress> = [],
        otherNodes: Set<IPAddress> = [],
        neighbours: Set<IPAddress> = []
    ) {
        self.apiServers = apiServers
        self.defaultGateways = defaultGateways
        self.otherGateways = otherGateways
        self.otherNodes = otherNodes
        self.neighbours = neighbours
    }

    /// The addresses that are in one of the two and not in the other, or there with other ports.
    func changedAddresses(from old: NodeSurroundings) -> Set<IPAddress> {
        guard self != old else { return [] }
        return defaultGateways.symmetricDifference(old.defaultGateways)
            .union(otherGateways.symmetricDifference(old.otherGateways))
            .union(otherNodes.symmetricDifference(old.otherNodes))
            .union(neighbours.symmetricDifference(old.neighbours))
            .union(apiServers.changedKeys(from: old.apiServers))
    }
}

extension [IPAddress: Set<UInt16>] {
    func changedKeys(from old: Self) -> Set<IPAddress> {
        Set(keys).union(old.keys).filter { self[$0] != old[$0] }
    }
}

extension Service {
    /// Whether one of the addresses is an external or load balancer IP of the Service.
    func wants(_ addresses: Set<IPAddress>) -> Bool {
        externalIPs.contains(where: addresses.contains) || loadBalancerVIPs.contains(where: addresses.contains)
    }
}

extension ServiceTable {
    /// The endpoints of the Service `default/kubernetes`, ready or not, and their ports.
    var apiServerEndpoints: [IPAddress: Set<UInt16>] {
        var addresses: [IPAddress: Set<UInt16>] = [:]
        for slice in slices(of: .apiServer) {
            let ports = slice.ports.lazy.filter { $0.transport == .tcp }.map(\.port)
            for endpoint in slice.endpoints { addresses[endpoint.address, default: []].formUnion(ports) }
        }
        return addresses
    }
}

extension ObjectName {
    /// The Service of the API server itself. Its endpoints are the API servers; they write its slices themselves.
    static let apiServer = ObjectName(namespace: "default", name: "kubernetes")
}
