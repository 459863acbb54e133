// SPDX-License-Identifier: GPL-2.0-or-later
/// The objects of one kind that the kernel has refused and that are still wanted otherwise than the kernel has them.
///
/// Each waits for a delay of its own before it is tried again, or for the next verifying pass. So one object which the kernel
/// will never take costs the others nothing: neither a request in each pass, nor a verifying pass. Pure: the instants are
/// arguments.
struct Refusals<Name: Hashable & Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Entry {
        var refusal: Refusal
        var backoff: RetryBackoff
    }

    private var entries: [Name: Entry] = [:]
    /// Never later than the first retry; an object that has been taken since may have been the first.
    private var earliestRetry: Instant?
    /// How many are tried again in one pass.
    private var retryLimit = firstRetryLimit
    /// How many of the objects tried again in this pass have been refused once more.
    private var refusedAgain = 0
    private var hasRetried = false

    /// A pass tries no more than these again, unless the kernel takes what it had refused.
    static var firstRetryLimit: Int { 64 }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    var names: some Collection<Name> { entries.keys }

    /// What the kernel last said of each, in no particular order.
    var last: some Collection<Refusal> { entries.values.lazy.map(\.refusal) }

    func forEach(_ body: (Name, Refusal) -> Void) {
        for (name, entry) in entries { body(name, entry.refusal) }
    }

    /// When the first of them may be tried again; `nil` where there is none.
    var nextRetry: Instant? { entries.isEmpty ? nil : earliestRetry }

    func contains(_ name: Name) -> Bool { !entries.isEmpty && entries[name] != nil }

    /// The objects to be tried again in a pass at that instant.
    mutating func takeDue(at now: Instant) -> [Name] {
        if hasRetried {
            // A kernel that takes what it refused a moment ago, as after a lack of memory, gets the rest sooner.
            retryLimit = refusedAgain == 0 ? min(retryLimit * 4, 1 << 20) : Self.firstRetryLimit
        }
        refusedAgain = 0
        hasRetried = false
        guard let earliestRetry, earliestRetry <= now else { return [] }
        var due: [Name] = []
        var next: Instant?
        for (name, entry) in entries {
            guard let retry = entry.backoff.retry else { continue }
            if retry <= now, due.count < retryLimit {
                due.append(name)
            } else {
                next = next.map { min($0, retry) } ?? retry
            }
        }
        self.earliestRetry = next
        hasRetried = !due.isEmpty
        return due
    }

    /// Notes that the kernel has refused an object.
    mutating func note(_ name: Name, _ refusal: Refusal, at now: Instant) {
        var backoff = RetryBackoff()
        if let entry = entries[name] {
            backoff = entry.backoff
            refusedAgain += 1
        }
        backoff.noteFailure(at: now)
        entries[name] = Entry(refusal: refusal, backoff: backoff)
        guard let retry = backoff.retry else { return }
        earliestRetry = earliestRetry.map { min($0, retry) } ?? retry
    }

    /// Forgets an object that the kernel has as it is wanted.
    mutating func remove(_ name: Name) {
        // Also where the table is empty, a look into it hashes.
        guard !entries.isEmpty else { return }
        entries[name] = nil
        if entries.isEmpty { earliestRetry = nil }
    }
}
