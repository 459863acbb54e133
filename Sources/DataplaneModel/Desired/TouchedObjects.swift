public import Addressing

/// Kernel objects whose desired and actual state may differ. Naming one too many costs a comparison, no more.
public struct TouchedObjects: Hashable, Sendable {
    public var virtualServers: Set<VirtualServer.ID> = []
    public var setEntries: Set<SetMembership> = []
    public var addresses: Set<IPAddress> = []
    /// Whether the list of VIPs that this node may not reach has changed, and with it the rules.
    public var closedServers = false

    /// Virtual servers of which tracked flows may be with an endpoint that has left.
    public var flowServers: Set<VirtualServer.ID> = []

    public init() {}

    public var isEmpty: Bool {
        virtualServers.isEmpty && setEntries.isEmpty && addresses.isEmpty && !closedServers
            && flowServers.isEmpty
    }

    public mutating func formUnion(_ other: TouchedObjects) {
        virtualServers.formUnion(other.virtualServers)
        setEntries.formUnion(other.setEntries)
        addresses.formUnion(other.addresses)
        closedServers = closedServers || other.closedServers
        flowServers.formUnion(other.flowServers)
    }
}
