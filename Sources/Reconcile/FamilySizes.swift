// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// How much one family's part of the data plane holds.
public struct FamilySizes: Hashable, Sendable {
    public struct SetSize: Hashable, Sendable {
        /// In the kernel.
        public var name: String
        /// As far as the kernel has acknowledged them.
        public var members: Int
        /// How many members fit in.
        public var capacity: Int

        public init(name: String, members: Int, capacity: Int) {
            self.name = name
            self.members = members
            self.capacity = capacity
        }
    }

    /// Virtual servers that are wanted.
    public var virtualServers: Int
    /// Virtual servers that more than one owner wants.
    public var contestedServers: Int
    /// Real servers that are wanted.
    public var realServers: Int
    /// The sets that are known to exist, in the order of `ServiceSet`.
    public var sets: [SetSize]

    public init(virtualServers: Int, contestedServers: Int = 0, realServers: Int, sets: [SetSize]) {
        self.virtualServers = virtualServers
        self.contestedServers = contestedServers
        self.realServers = realServers
        self.sets = sets
    }
}

extension FamilyReconciler {
    /// The real servers of a virtual server that drain, and since when this process knows of it.
    public func drainStarts(of id: VirtualServer.ID) -> [RealServer.ID: ContinuousClock.Instant] {
        servers.drainStarts(of: id)
    }

    /// The sizes as they are now. Costs little, however large they are.
    public var sizes: FamilySizes {
        FamilySizes(
            virtualServers: desired.virtualServerIDs.count,
            contestedServers: desired.contestedCount,
            realServers: desired.realServerCount,
            sets: sets.sizes
        )
    }
}
