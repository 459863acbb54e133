// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The reading of all sets that a verifying pass makes, part by part. Other passes may write to the sets meanwhile.
struct SetReading {
    enum Finding {
        /// There is more to be read of the set.
        case part
        /// All of the set has been read. Without a definition, there is none of its name.
        case whole(IPSetDefinition?, MembershipReading<IPSetEntry>)
        /// It is not as the daemon makes it, or has members that cannot be removed by name.
        case unusable(ObservedSet)
    }

    private let family: IPFamily
    /// Those that are still to be read.
    private var sets = ServiceSet.allCases[...]
    /// Of the first one, when a part of it has been read.
    private var part: (kernel: KernelReading<NamedSet>, members: MembershipReading<IPSetEntry>)?

    init(family: IPFamily) {
        self.family = family
    }

    /// The set that is being read; `nil` when all have been.
    var current: ServiceSet? { sets.first }

    /// Whether nothing of the current set has been read yet.
    var isAtStart: Bool { part == nil }

    /// Reads the next part of the current set.
    ///
    /// - Parameter members: what is known of it now; `nil` for nothing.
    mutating func next(
        knowing members: Set<IPSetEntry>?,
        on dataplane: any IPSetDataplane
    ) throws(DataplaneError) -> Finding? {
        guard let set = current else { return nil }
        var (kernel, members) =
            part.take() ?? (KernelReading(of: NamedSet(set.name(for: family))), MembershipReading(knowing: members))
        let progress = try dataplane.readMembers(&kernel) { members.note($0) }
        // What has ended the reading may be a larger set that took its place: it begins anew.
        guard progress != .lapsed else { return .part }
        guard let observed = kernel.subject.found else { return .whole(nil, members) }
        guard let found = try? IPSetDefinition(observed), observed.isOfKind(IPSetDefinition(set, family)) else {
            return .unusable(observed)
        }
        guard progress == .complete else {
            part = (kernel, members)
            return .part
        }
        return .whole(found, members)
    }

    /// Ends the reading of the current set, and goes on to the next one.
    mutating func endSet() {
        part = nil
        sets = sets.dropFirst()
    }

    /// Takes note of what has been written to a set, if that is being read.
    mutating func noteWritten(_ changes: ArraySlice<IPSetChange>, to set: ServiceSet) {
        guard current == set, part != nil else { return }
        for change in changes { part?.members.noteWritten(change.entry) }
    }

    /// Restarts the reading of `set` if it is in progress, because its contents are unknown.
    mutating func restart(_ set: ServiceSet) {
        if current == set { part = nil }
    }
}
