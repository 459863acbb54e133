// SPDX-License-Identifier: GPL-2.0-or-later
/// The reading of a set's members, or of the link's addresses, part by part. Passes of mode `changes` may write to them
/// meanwhile. It collects what differs from the mirror.
struct MembershipReading<Member: Hashable> {
    /// Whether anything was known before.
    let isKnown: Bool
    /// Known members that have not come yet.
    private var unseen: Set<Member>
    /// Members that have come and were not known.
    private var unknown: Set<Member> = []
    private var writtenMeanwhile: Set<Member> = []

    init(knowing members: Set<Member>?) {
        isKnown = members != nil
        unseen = members ?? []
    }

    mutating func note(_ member: Member) {
        if unseen.remove(member) == nil { unknown.insert(member) }
    }

    /// Whether the member is a known one that has not come yet.
    func isAwaited(_ member: Member) -> Bool { unseen.contains(member) }

    /// From here on the member is as it was written, whatever the reading shows.
    mutating func noteWritten(_ member: Member) {
        writtenMeanwhile.insert(member)
    }

    /// Ends the reading: brings the mirror to what was read, and notes as pending what differs from what is wanted.
    ///
    /// - Parameters:
    ///   - known: the mirror. Its differences from what is wanted are in `pending` already.
    ///   - wanted: all that is wanted, of which `isWanted` is true.
    /// - Returns: the missing members, and those whose difference was not known before.
    consuming func conclude(
        known: inout Set<Member>?,
        pending: inout Set<Member>,
        wanted: some Collection<Member>,
        isWanted: (Member) -> Bool
    ) -> (missing: [Member], drift: Set<Member>) {
        guard isKnown, var members = known.take() else {
            known = unknown
            pending = unknown.filter { !isWanted($0) }
            return (wanted.filter { !unknown.contains($0) }, [])
        }
        let gone = unseen.subtracting(writtenMeanwhile)
        let found = unknown.subtracting(writtenMeanwhile)
        members.subtract(gone)
        members.formUnion(found)
        known = members

        let drifted = gone.filter(isWanted).union(found.filter { !isWanted($0) }).subtracting(pending)
        pending.formUnion(drifted)
        return (pending.filter(isWanted), drifted)
    }
}
