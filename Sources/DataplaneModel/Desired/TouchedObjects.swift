// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Kernel objects whose desired and actual state may differ. Naming one too many costs a comparison, no more.
public struct TouchedObjects: Hashable, Sendable {
    /// Whether all objects are to be compared anyway: then none is named.
    public var isEverything = false
    public var virtualServers: Set<VirtualServer.ID> = []
    public var setEntries = SetMemberships()
    public var addresses: Set<IPAddress> = []
    /// Whether what the rules depend on has changed: the list of VIPs that this node may not reach, or the configuration.
    public var rules = false

    /// Virtual servers of which tracked flows may be with an endpoint that has left.
    public var flowServers: Set<VirtualServer.ID> = []

    public init() {}

    public var isEmpty: Bool { isEmptyButForRules && !rules }

    public var isEmptyButForRules: Bool {
        !isEverything && virtualServers.isEmpty && setEntries.isEmpty && addresses.isEmpty && flowServers.isEmpty
    }

    mutating func insert(_ id: VirtualServer.ID) {
        if !isEverything { virtualServers.insert(id) }
    }

    mutating func insert(_ membership: SetMembership) {
        if !isEverything { setEntries[membership.set].insert(membership.entry) }
    }

    mutating func insert(_ address: IPAddress) {
        if !isEverything { addresses.insert(address) }
    }

    mutating func insertFlowServer(_ id: VirtualServer.ID) {
        if !isEverything { flowServers.insert(id) }
    }

    /// Notes the flows of a contribution that takes the place of another one, if any of them may be stale.
    mutating func insertFlowServers(of contribution: Contribution, replacing previous: Contribution?) {
        guard !isEverything, contribution.mayLeaveFlowsBehind(replacing: previous) else { return }
        flowServers.formUnion(contribution.virtualServers.lazy.map(\.id))
    }

    public mutating func formUnion(_ other: TouchedObjects) {
        isEverything = isEverything || other.isEverything
        virtualServers.formUnion(other.virtualServers)
        setEntries.formUnion(other.setEntries)
        addresses.formUnion(other.addresses)
        rules = rules || other.rules
        flowServers.formUnion(other.flowServers)
    }
}
