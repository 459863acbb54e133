// SPDX-License-Identifier: GPL-2.0-or-later
extension IPVSTable {
    /// Appends the changes that make a virtual server of this table as it is wanted.
    ///
    /// Real servers are added before any is removed, so a rollout never leaves it empty.
    public func appendChanges(toReach wanted: Entry, of id: VirtualServer.ID, to changes: inout [IPVSChange]) {
        guard let present = entries[id] else {
            changes.append(.addVirtualServer(id, wanted.configuration))
            return Self.appendRealServerChanges(from: [], to: wanted.realServers, of: id, &changes)
        }
        if present.configuration != wanted.configuration {
            changes.append(.editVirtualServer(id, wanted.configuration))
        }
        Self.appendRealServerChanges(from: present.realServers, to: wanted.realServers, of: id, &changes)
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
