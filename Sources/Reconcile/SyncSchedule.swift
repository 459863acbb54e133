/// When the next pass over one family is due, and of which mode. Pure: the instants are arguments.
///
/// The first change after a quiet time goes at once. Changes that arrive less than the minimum after a pass ended are
/// gathered until it has gone by. A verifying pass is due each sync period, and sooner, with a growing delay, after a
/// pass that was not complete.
public struct SyncSchedule<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration, Instant: Sendable {
    /// The least time between the end of a pass and the start of the next (`--ipvs-min-sync-period`).
    public let minimum: Duration
    /// The longest time between two verifying passes (`--ipvs-sync-period`).
    public let period: Duration

    /// The delay after a first incomplete pass. Each further one doubles it, up to the sync period.
    public static var firstRetryDelay: Duration { .milliseconds(100) }

    private var lastEnd: Instant?
    private var verifyDue: Instant
    private var changeNoted: Instant?
    private var incompletePasses = 0

    /// A schedule whose first pass, a verifying one, is due at `now`.
    public init(minimum: Duration, period: Duration, now: Instant) {
        self.minimum = minimum
        self.period = period
        verifyDue = now
    }

    /// The instant of the next pass; one that has gone by means at once.
    public var nextPass: Instant {
        let change = changeNoted.map { notBefore($0) }
        let verify = notBefore(verifyDue)
        return change.map { Swift.min($0, verify) } ?? verify
    }

    /// The mode of a pass that starts at `now`.
    public func mode(at now: Instant) -> PassMode {
        notBefore(verifyDue) <= now ? .verify : .changes
    }

    public mutating func noteChange(at now: Instant) {
        changeNoted = changeNoted ?? now
    }

    /// To be called when a pass starts: changes noted from here on are for the next one.
    public mutating func passStarted() {
        changeNoted = nil
    }

    public mutating func passEnded(_ mode: PassMode, isComplete: Bool, at now: Instant) {
        lastEnd = now
        if isComplete {
            // Only a verifying pass tries everything again, so only that one ends the back-off.
            if mode == .verify {
                incompletePasses = 0
                verifyDue = now.advanced(by: period)
            }
        } else {
            verifyDue = now.advanced(by: retryDelay)
            incompletePasses += 1
        }
    }

    private var retryDelay: Duration {
        // 2^20 times 100 ms is more than a day: past any sync period, and far from overflow.
        Swift.min(Self.firstRetryDelay * (1 << Swift.min(incompletePasses, 20)), period)
    }

    private func notBefore(_ instant: Instant) -> Instant {
        guard let lastEnd else { return instant }
        return Swift.max(instant, lastEnd.advanced(by: minimum))
    }
}
