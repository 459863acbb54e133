// SPDX-License-Identifier: GPL-2.0-or-later
/// When the next passes over one family are due. Pure: the instants are arguments.
///
/// The first change after a quiet time goes at once, and so does the one after it: a new Service and its first EndpointSlice come
/// one after the other. Then changes are gathered. Within any two minimum periods there are two passes at most, and changes
/// without end make one pass in each.
///
/// A verifying pass does not put changes off. It is due a sync period after the last one, whatever the results of other
/// passes. After a pass that failed it is due sooner, with a growing delay. Changes are written while a verifying pass is
/// under way, too.
public struct SyncSchedule<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration, Instant: Sendable {
    /// The least time between the end of a pass of mode `changes` and the start of the next, but for one after a quiet time
    /// (`--ipvs-min-sync-period`).
    public let minimum: Duration
    /// The longest time between two verifying passes (`--ipvs-sync-period`).
    public let period: Duration

    /// The delay after a first pass that failed. Each further one doubles it, up to the sync period.
    public static var firstRetryDelay: Duration { .milliseconds(100) }

    /// Of the last pass of mode `changes`.
    private var lastEnd: Instant?
    /// Of the one before it.
    private var endBefore: Instant?
    /// Whether the change that the last pass began with had to wait. If not, the next change need not.
    private var lastHasWaited = false
    /// Whether the pass under way writes what the one before it has left.
    private var isContinuing = false
    private var verifyDue: Instant
    private var changeNoted: Instant?
    private var failedPasses = 0
    /// Whether a pass failed since the last verifying one began.
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
    ///
    /// - Parameter isContinuing: whether it writes what the pass before it has left: both count as one.
    public mutating func changesTaken(continuing isContinuing: Bool = false) {
        self.isContinuing = isContinuing
        if !isContinuing { lastHasWaited = changeNoted.map { notBefore($0) > $0 } ?? false }
        changeNoted = nil
    }

    /// Makes the next verifying pass due, if it is not due sooner.
    public mutating func verifySoon(at now: Instant) {
        verifyDue = Swift.min(verifyDue, now)
    }

    /// To be called when a verifying pass begins.
    public mutating func verifyStarted() {
        hasFailedMeanwhile = false
    }

    /// - Parameter hasFailed: whether a part of the data plane could not be read or written. Single objects that the kernel
    ///   refused do not count: they have a back-off of their own, and reading everything again changes nothing for them.
    public mutating func passEnded(_ mode: PassMode, hasFailed: Bool, at now: Instant) {
        hasFailedMeanwhile = hasFailedMeanwhile || hasFailed
        switch mode {
        case .changes:
            if !isContinuing { endBefore = lastEnd }
            lastEnd = now
            guard hasFailed else { return }
            // Sooner than it was due, never later.
            verifyDue = Swift.min(verifyDue, now.advanced(by: takeRetryDelay()))
        case .verify where hasFailedMeanwhile:
            verifyDue = now.advanced(by: takeRetryDelay())
        case .rules:
            break
        case .verify:
            // Only a verifying pass tries everything again, so only that one ends the back-off.
            failedPasses = 0
            verifyDue = now.advanced(by: period)
        }
    }

    private mutating func takeRetryDelay() -> Duration {
        defer { failedPasses += 1 }
        // 2^20 times 100 ms is more than a day: past any sync period, and far from overflow.
        let delay = Swift.min(Self.firstRetryDelay * (1 << Swift.min(failedPasses, 20)), period)
        return Swift.max(delay, minimum)
    }

    /// The instant itself, or the first one after it at which a pass of mode `changes` may begin.
    public func notBefore(_ instant: Instant) -> Instant {
        guard let lastEnd else { return instant }
        let afterLast = lastHasWaited ? lastEnd.advanced(by: minimum) : lastEnd
        let afterTwo = endBefore?.advanced(by: minimum * 2) ?? afterLast
        return Swift.max(instant, afterLast, afterTwo)
    }
}
