public import Addressing
public import DataplaneModel

/// The name of a kernel object that can be refused by itself.
public enum KernelObjectName: Hashable, Sendable {
    case virtualServer(VirtualServer.ID)
    case setEntry(SetMembership)
    case address(IPAddress)
}

/// The objects that the kernel has refused and that are still wanted otherwise than the kernel has them.
///
/// Each waits for a delay of its own before it is tried again, or for the next verifying pass. So one object which the kernel
/// will never take costs the others nothing: neither a request in each pass, nor a verifying pass. Pure: the instants are
/// arguments.
public struct RefusedObjects: Sendable {
    public typealias Instant = ContinuousClock.Instant

    private struct Entry {
        var refusal: Refusal
        var backoff: RetryBackoff
    }

    private var entries: [KernelObjectName: Entry] = [:]
    /// Never later than the first retry; an object that has been taken since may have been the first.
    private var earliestRetry: Instant?
    /// How many are tried again in one pass.
    private var retryLimit = firstRetryLimit
    /// How many of the objects tried again in this pass have been refused once more.
    private var refusedAgain = 0
    private var hasRetried = false
    /// When the pass under way began.
    private var now: Instant?

    /// A pass tries no more than these again, unless the kernel takes what it had refused.
    static var firstRetryLimit: Int { 64 }

    init() {}

    /// Objects that were refused at that instant for the first time.
    public init(_ refusals: [KernelObjectName: Refusal], at now: Instant) {
        advance(to: now)
        for (name, refusal) in refusals { note(name, refusal) }
    }

    public var isEmpty: Bool { entries.isEmpty }
    public var count: Int { entries.count }

    var names: some Collection<KernelObjectName> { entries.keys }

    /// What the kernel last said of each, in no particular order.
    public var refusals: some Collection<Refusal> { entries.values.lazy.map(\.refusal) }

    /// When the first of them may be tried again; `nil` where there is none.
    var nextRetry: Instant? { entries.isEmpty ? nil : earliestRetry }

    func contains(_ name: KernelObjectName) -> Bool { !entries.isEmpty && entries[name] != nil }

    /// Notes the instant of a pass, or of a step of one: refusals from here on count from then.
    mutating func advance(to now: Instant) {
        self.now = now
    }

    /// The objects to be tried again in a pass at that instant.
    mutating func takeDue(at now: Instant) -> [KernelObjectName] {
        advance(to: now)
        if hasRetried {
            // A kernel that takes what it refused a moment ago, as after a lack of memory, gets the rest sooner.
            retryLimit = refusedAgain == 0 ? min(retryLimit * 4, 1 << 20) : Self.firstRetryLimit
        }
        refusedAgain = 0
        hasRetried = false
        guard let earliestRetry, earliestRetry <= now else { return [] }
        var due: [KernelObjectName] = []
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
    mutating func note(_ name: KernelObjectName, _ refusal: Refusal) {
        guard let now else { return }
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
    mutating func remove(_ name: KernelObjectName) {
        // Also where the table is empty, a look into it hashes.
        guard !entries.isEmpty else { return }
        entries[name] = nil
        if entries.isEmpty { earliestRetry = nil }
    }
}
