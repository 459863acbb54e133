// SPDX-License-Identifier: GPL-2.0-or-later
/// Members of the sets, each set's by themselves: that is how they are read, compared and written.
public struct SetMemberships: Hashable, Sendable {
    private var entries: [Set<IPSetEntry>]

    public init() {
        entries = Array(repeating: [], count: ServiceSet.allCases.count)
    }

    public subscript(set: ServiceSet) -> Set<IPSetEntry> {
        get { entries[Int(set.rawValue)] }
        _modify { yield &entries[Int(set.rawValue)] }
    }

    public var isEmpty: Bool { entries.allSatisfy(\.isEmpty) }

    public func contains(_ membership: SetMembership) -> Bool {
        self[membership.set].contains(membership.entry)
    }

    public mutating func formUnion(_ other: SetMemberships) {
        for set in ServiceSet.allCases {
            self[set].formUnion(other[set])
        }
    }
}
