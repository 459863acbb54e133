extension IPVSTable {
    /// The changes that make these virtual servers of this table as they are wanted.
    ///
    /// Virtual servers are visited in the given order. Within one, real servers are added before any is removed, so a
    /// rollout never leaves it empty.
    public func changes(
        toReach servers: some Collection<(id: VirtualServer.ID, entry: Entry)>
    ) -> [IPVSChange] {
        var changes: [IPVSChange] = []
        changes.reserveCapacity(servers.reduce(0) { $0 + 1 + $1.entry.realServers.count })
        for (id, wanted) in servers {
            let present = entries[id]
            if let present {
                if present.configuration != wanted.configuration {
                    changes.append(.editVirtualServer(id, wanted.configuration))
                }
            } else {
                changes.append(.addVirtualServer(id, wanted.configuration))
            }
            Self.appendRealServerChanges(
                from: present?.realServers ?? [],
                to: wanted.realServers,
                of: id,
                &changes
            )
        }
        return changes
    }

    /// Merges two sorted lists: what is only wanted is added, what differs is edited, what is only present is removed.
    private static func appendRealServerChanges(
        from present: [RealServer],
        to wanted: [RealServer],
        of id: VirtualServer.ID,
        _ changes: inout [IPVSChange]
    ) {
        var removals: [IPVSChange] = []
        var index = present.startIndex
        for realServer in wanted {
            while index < present.endIndex, present[index].id < realServer.id {
                removals.append(.removeRealServer(present[index].id, from: id))
                index += 1
            }
            if index < present.endIndex, present[index].id == realServer.id {
                if present[index] != realServer {
                    changes.append(.editRealServer(realServer, of: id))
                }
                index += 1
            } else {
                changes.append(.addRealServer(realServer, to: id))
            }
        }
        guard index < present.endIndex || !removals.isEmpty else { return }
        removals += present[index...].map { .removeRealServer($0.id, from: id) }
        changes += removals
    }
}
