// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What the plan needs to know of the node it is for.
public struct NodeFacts: Hashable, Sendable {
    /// The node's name, against which endpoints are local.
    public var name: String
    /// From the Node's label `topology.kubernetes.io/zone`.
    public var zone: String?
    /// The node's own address of each family, for source ranges and `nodePortAddresses: [primary]`.
    public var nodeIPs: [IPFamily: IPAddress]
    /// Every address of every interface but the dummy link, loopback and link-local ones included.
    public var interfaceAddresses: Set<IPAddress>
    public var surroundings: NodeSurroundings

    public init(
        name: String,
        zone: String? = nil,
        nodeIPs: [IPFamily: IPAddress] = [:],
        interfaceAddresses: Set<IPAddress> = [],
        surroundings: NodeSurroundings = NodeSurroundings()
    ) {
        self.name = name
        self.zone = zone
        self.nodeIPs = nodeIPs
        self.interfaceAddresses = interfaceAddresses
        self.surroundings = surroundings
    }
}
