// SPDX-License-Identifier: GPL-2.0-or-later
/// The objects of one kind that may differ from what is wanted. Each is pending or refused by the kernel, not both.
struct UnsettledObjects<Name: Hashable & Sendable> {
    private(set) var pending: Set<Name> = []
    private(set) var refused = Refusals<Name>()

    mutating func take(_ touched: inout Set<Name>) {
        if pending.isEmpty {
            swap(&pending, &touched)
        } else {
            pending.formUnion(touched)
            touched = []
        }
    }

    /// - Returns: whether it was not pending yet.
    @discardableResult
    mutating func insert(_ name: Name) -> Bool {
        pending.insert(name).inserted
    }

    mutating func forgetPending() {
        pending = []
    }

    mutating func retryDue(at now: ContinuousClock.Instant) {
        pending.formUnion(refused.takeDue(at: now))
    }

    mutating func retryAll() {
        pending.formUnion(refused.names)
    }

    mutating func noteRefused(_ name: Name, _ refusal: Refusal, at now: ContinuousClock.Instant) {
        pending.remove(name)
        refused.note(name, refusal, at: now)
    }

    mutating func noteDone(_ name: Name) {
        // Also where a set is empty, a look into it hashes.
        if !pending.isEmpty { pending.remove(name) }
        refused.remove(name)
    }

    /// As `MembershipReading.conclude`.
    mutating func conclude(
        _ members: consuming MembershipReading<Name>,
        known: inout Set<Name>?,
        wanted: some Collection<Name>,
        isWanted: (Name) -> Bool
    ) -> (missing: [Name], drift: Set<Name>) {
        members.conclude(known: &known, pending: &pending, wanted: wanted, isWanted: isWanted)
    }
}
