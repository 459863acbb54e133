// SPDX-License-Identifier: GPL-2.0-or-later
/// What is different between two contributions of one owner, in numbers for a person.
///
/// Real servers are counted once, however many of the owner's virtual servers have them.
public struct ContributionChange: Hashable, Sendable {
    public struct Difference: Hashable, Sendable {
        public var added: Int
        public var removed: Int

        fileprivate init<Element: Hashable>(from before: Set<Element>, to after: Set<Element>) {
            added = after.subtracting(before).count
            removed = before.subtracting(after).count
        }

        fileprivate var isNone: Bool { added == 0 && removed == 0 }

        fileprivate var words: String {
            [added > 0 ? "+\(added)" : nil, removed > 0 ? "-\(removed)" : nil].compactMap(\.self).joined(separator: " ")
        }
    }

    /// How many there are now.
    public var virtualServerCount: Int
    public var virtualServers: Difference
    /// Virtual servers in both that are not the same, as by their scheduler, or by which of the real servers they have.
    public var changedVirtualServers: Int
    public var realServers: Difference
    public var setEntries: Difference
    public var addresses: Difference

    public init(from before: Contribution, to after: Contribution) {
        virtualServerCount = after.virtualServers.count
        virtualServers = Difference(from: Set(before.virtualServers.map(\.id)), to: Set(after.virtualServers.map(\.id)))
        let previous = Dictionary(before.virtualServers.map { ($0.id, $0) }) { first, _ in first }
        changedVirtualServers = after.virtualServers.count { server in
            previous[server.id].map { $0 != server } ?? false
        }
        realServers = Difference(from: Self.realServers(of: before), to: Self.realServers(of: after))
        setEntries = Difference(from: Set(before.setEntries), to: Set(after.setEntries))
        addresses = Difference(from: Set(before.addresses), to: Set(after.addresses))
    }

    private static func realServers(of contribution: Contribution) -> Set<RealServer.ID> {
        contribution.virtualServers.reduce(into: []) { $0.formUnion($1.realServers.map(\.id)) }
    }
}

extension ContributionChange: CustomStringConvertible {
    /// Such as `virtual servers 2, real servers +1 -1`.
    public var description: String {
        var parts = ["virtual servers \(virtualServerCount)"]
        if !virtualServers.isNone { parts[0] += " (\(virtualServers.words))" }
        if !realServers.isNone {
            parts.append("real servers \(realServers.words)")
        } else if changedVirtualServers > 0 {
            parts.append("\(changedVirtualServers) of them changed")
        }
        if !setEntries.isNone { parts.append("set entries \(setEntries.words)") }
        if !addresses.isNone { parts.append("addresses \(addresses.words)") }
        return parts.joined(separator: ", ")
    }
}
