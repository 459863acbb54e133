/// When the next passes over one family are due. Pure: the instants are arguments.
///
/// The first change after a quiet time goes at once. Changes that arrive less than the minimum after others were written are
/// gathered until it has gone by; a verifying pass, which writes what is wrong, does not put them off. A verifying pass is due
/// each sync period, and sooner, with a growing delay, after a pass that was not complete. Changes are written while a verifying
/// pass is under way, too.
public struct SyncSchedule<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration, Instant: Sendable {
    /// The least time between the end of a pass of mode `changes` and the start of the next (`--ipvs-min-sync-period`).
    public let minimum: Duration
    /// The longest time between two verifying passes (`--ipvs-sync-period`).
    public let period: Duration

    /// The delay after a first incomplete pass. Each further one doubles it, up to the sync period.
    public static var firstRetryDelay: Duration { .milliseconds(100) }

    /// Of a pass of mode `changes`.
    private var lastEnd: Instant?
    private var verifyDue: Instant
    private var changeNoted: Instant?
    private var incompletePasses = 0
    /// Whether a pass was not complete since the last verifying one began.
    private var hasFailedMeanwhile = false

    /// A schedule whose first pass, a verifying one, is due at `now`.
    public init(minimum: Duration, period: Duration, now: Instant) {
        self.minimum = minimum
        self.period = period
        verifyDue = now
    }

    /// The instant of the next pass of mode `changes`; one that has gone by means at once, `nil` that nothing has changed.
    public var nextChanges: Instant? { changeNoted.map { notBefore($0) } }

    /// The instant of the next verifying pass; one that has gone by means at once.
    ///
    /// Passes of mode `changes` do not put it off, however many there are.
    public var nextVerify: Instant { verifyDue }

    public mutating func noteChange(at now: Instant) {
        changeNoted = changeNoted ?? now
    }

    /// To be called when a pass takes up the changes noted so far: those noted from here on are for the next one.
    public mutating func changesTaken() {
        changeNoted = nil
    }

    /// To be called when a verifying pass begins.
    public mutating func verifyStarted() {
        hasFailedMeanwhile = false
    }

    public mutating func passEnded(_ mode: PassMode, isComplete: Bool, at now: Instant) {
        if mode == .changes { lastEnd = now }
        hasFailedMeanwhile = hasFailedMeanwhile || !isComplete
        if mode == .verify ? !hasFailedMeanwhile : isComplete {
            // Only a verifying pass tries everything again, so only that one ends the back-off.
            if mode == .verify {
                incompletePasses = 0
                verifyDue = now.advanced(by: period)
            }
        } else {
            verifyDue = now.advanced(by: Swift.max(retryDelay, minimum))
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
