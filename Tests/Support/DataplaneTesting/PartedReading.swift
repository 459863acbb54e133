// SPDX-License-Identifier: GPL-2.0-or-later
/// A reading that is handed over part by part.
struct PartedReading<Member: Hashable> {
    /// What there was when it began.
    let start: Set<Member>
    private var rest: ArraySlice<Member>

    init(of members: Set<Member>) {
        start = members
        rest = Array(members)[...]
    }

    /// Hands over the next members.
    ///
    /// - Parameter now: what there is by now, where that shows: what has come is then handed over last.
    /// - Returns: whether there are more.
    mutating func next(_ count: Int, showing now: Set<Member>?, _ body: (Member) -> Void) -> Bool {
        let part = rest.prefix(count)
        rest = rest.dropFirst(count)
        for member in part where now?.contains(member) != false { body(member) }
        guard rest.isEmpty else { return true }
        now?.subtracting(start).forEach(body)
        return false
    }
}
