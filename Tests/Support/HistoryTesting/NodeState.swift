// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import Reconcile

/// What a node's kernel holds at one time of what the daemon writes, both families, but for the rules.
public struct NodeState {
    public var servers: [VirtualServer.ID: ObservedVirtualServer] = [:]
    /// The members of each set, by the set's name.
    public var sets: [String: Set<IPSetEntry>] = [:]
    /// Those of the dummy link, but loopback and IPv6 link-local ones.
    public var addresses: Set<IPAddress> = []
    /// Those of the daemon's protocol number in table `local`.
    public var routes: Set<LocalRoute> = []

    public init() {}

    /// Reads it as the daemon does.
    public init(of dataplane: Dataplane) throws(DataplaneError) {
        var listed: Set<VirtualServer.ID> = []
        var reading = KernelReading<Void>()
        var progress = ReadingProgress.more
        while progress == .more {
            progress = try dataplane.ipvs.listVirtualServers(&reading) { observed in
                if case .address(let id) = observed.identity { listed.insert(id) }
            }
        }
        for id in listed { servers[id] = try dataplane.ipvs.virtualServer(id) }
        for family in IPFamily.allCases {
            for set in ServiceSet.allCases {
                let name = set.name(for: family)
                if let (_, members) = try dataplane.sets.contents(ofSetNamed: name) { sets[name] = members }
            }
            addresses.formUnion(try dataplane.addresses.boundAddresses(of: family))
            routes.formUnion(try dataplane.addresses.localRoutes(of: family))
        }
    }
}
