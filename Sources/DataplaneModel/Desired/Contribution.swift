// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What one Service port wants of the data plane of one family.
///
/// Two service ports may want the same set entry or address; `DesiredState` counts the owners of each.
public struct Contribution: Hashable, Sendable {
    public var virtualServers: [VirtualServer] = []
    /// When the object that wants all this was made, in seconds since 1970. Of two equal claims to a virtual server the
    /// older one counts. An object without a time is the youngest.
    public var creationTime: Int64 = .max
    public var setEntries: [SetMembership] = []
    /// To be bound to the dummy link.
    public var addresses: [IPAddress] = []
    /// Load balancer VIPs whose source ranges do not let this node in: KUBE-IPVS-OUT-FILTER drops what the node itself
    /// sends to them.
    public var serversClosedToNode: [VirtualServer.ID] = []

    /// For a UDP port: the endpoints that still answer, in ascending order, even if no traffic policy sends clients
    /// there now. Flows to the virtual servers that any other address answers are stale.
    public var servingEndpoints: [RealServer.ID] = []

    public init() {}

    public var isEmpty: Bool {
        virtualServers.isEmpty && setEntries.isEmpty && addresses.isEmpty && serversClosedToNode.isEmpty
    }
}

/// A member of one of the sets.
public struct SetMembership: Hashable, Sendable {
    public var set: ServiceSet
    public var entry: IPSetEntry

    public init(_ set: ServiceSet, _ entry: IPSetEntry) {
        self.set = set
        self.entry = entry
    }
}
