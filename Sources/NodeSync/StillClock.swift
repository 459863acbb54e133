// SPDX-License-Identifier: GPL-2.0-or-later
/// A clock that stands still: steps on it make each pass that is due now once, however long they take.
public struct StillClock: NodeClock {
    public let now: ContinuousClock.Instant

    public init(at now: ContinuousClock.Instant) {
        self.now = now
    }

    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Waits for the instant on the system's clock: this one never gets there.
    public func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(until: deadline, tolerance: tolerance)
    }
}
