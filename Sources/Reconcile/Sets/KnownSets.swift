// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The sets as the kernel has acknowledged them. One that is not among them has to be read first.
struct KnownSets {
    struct KnownSet {
        var definition: IPSetDefinition
        var members: Set<IPSetEntry>
    }

    private var sets: [ServiceSet: KnownSet] = [:]

    /// Assigning `nil` makes a set unknown.
    subscript(set: ServiceSet) -> KnownSet? {
        get { sets[set] }
        set { sets[set] = newValue }
    }

    /// In the order of `ServiceSet`.
    var sizes: [FamilySizes.SetSize] {
        ServiceSet.allCases.compactMap { set in
            sets[set].map { known in
                FamilySizes.SetSize(
                    name: known.definition.name,
                    members: known.members.count,
                    capacity: known.definition.capacity
                )
            }
        }
    }

    /// Takes a set out, so that its members can be changed in place.
    mutating func take(_ set: ServiceSet) -> KnownSet? {
        sets.removeValue(forKey: set)
    }

    /// Follows what the kernel has done to a set.
    mutating func follow(_ changes: ArraySlice<IPSetChange>, butFor refused: [IPSetChange: Refusal], in set: ServiceSet)
    {
        guard var known = take(set) else { return }
        known.members.reserveCapacity(known.members.count + changes.count)
        for change in changes where refused.isEmpty || refused[change] == nil {
            switch change {
            case .add(let entry, _): known.members.insert(entry)
            case .remove(let entry, _): known.members.remove(entry)
            }
        }
        sets[set] = known
    }
}

extension IPSetDefinition {
    /// A bitmap has a bit for each port.
    fileprivate var capacity: Int { type == .bitmapPort ? 65_536 : Int(maximumElements) }
}
