// SPDX-License-Identifier: GPL-2.0-or-later
/// A time within which something has to be whole. It is looked at as pieces arrive: that none arrives is noticed by the
/// transport.
public struct TimeLimit: Sendable {
    public let limit: Duration
    private let elapsed: @Sendable () -> Duration

    /// The time begins now.
    public init<Timekeeper: Clock>(_ limit: Duration, on clock: Timekeeper) where Timekeeper.Duration == Duration {
        self.limit = limit
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
    }

    public var isOver: Bool { elapsed() > limit }
}
