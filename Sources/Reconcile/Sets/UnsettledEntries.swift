// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// The set entries that may differ from what is wanted. Each is pending, or the kernel has refused it: not both.
struct UnsettledEntries {
    private var pending = SetMemberships()
    private(set) var refused = Refusals<SetMembership>()

    var arePending: Bool { !pending.isEmpty }

    /// Those that are pending and meant, by set; a set of which none is pending is left out.
    func pending(
        where isMeant: (ServiceSet, IPSetEntry) -> Bool
    ) -> [(set: ServiceSet, entries: [IPSetEntry])] {
        ServiceSet.allCases.compactMap { set in
            let entries = pending[set]
            return entries.isEmpty ? nil : (set, entries.filter { isMeant(set, $0) })
        }
    }

    /// Whether the entry was refused, and is not to be tried before its time.
    func isWaiting(_ name: SetMembership) -> Bool {
        refused.contains(name) && !pending.contains(name)
    }

    mutating func take(_ touched: inout SetMemberships) {
        if pending.isEmpty {
            swap(&pending, &touched)
        } else {
            pending.formUnion(touched)
            touched = SetMemberships()
        }
    }

    mutating func retryDue(at now: ContinuousClock.Instant) {
        for name in refused.takeDue(at: now) { pending[name.set].insert(name.entry) }
    }

    mutating func retryAll() {
        for name in refused.names { pending[name.set].insert(name.entry) }
    }

    mutating func noteRefused(_ name: SetMembership, _ refusal: Refusal, at now: ContinuousClock.Instant) {
        pending[name.set].remove(name.entry)
        refused.note(name, refusal, at: now)
    }

    mutating func noteDone(_ name: SetMembership) {
        pending[name.set].remove(name.entry)
        refused.remove(name)
    }

    mutating func forgetPending(in set: ServiceSet) {
        pending[set] = []
    }

    /// As `MembershipReading.conclude`, for the members of one set.
    mutating func conclude<Owner>(
        _ members: consuming MembershipReading<IPSetEntry>,
        of set: ServiceSet,
        known: inout Set<IPSetEntry>?,
        _ desired: DesiredState<Owner>
    ) -> (missing: [IPSetEntry], drift: Set<IPSetEntry>) {
        members.conclude(
            known: &known,
            pending: &pending[set],
            wanted: desired.entries(of: set),
            isWanted: { desired.contains($0, in: set) }
        )
    }
}
