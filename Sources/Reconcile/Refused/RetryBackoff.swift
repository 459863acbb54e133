// SPDX-License-Identifier: GPL-2.0-or-later
/// When something that failed is tried again: after 100 ms, then after twice as long each time, up to half a minute. Pure.
struct RetryBackoff: Sendable {
    /// When to try again; `nil` where nothing has failed.
    private(set) var retry: ContinuousClock.Instant?
    private var failures = 0

    static var firstDelay: Duration { .milliseconds(100) }
    static var longestDelay: Duration { .seconds(30) }

    /// The delay after so many failures before.
    static func delay(after failures: Int) -> Duration {
        // 2^10 times 100 ms is past the longest delay.
        min(firstDelay * (1 << min(failures, 10)), longestDelay)
    }

    mutating func noteFailure(at now: ContinuousClock.Instant) {
        retry = now.advanced(by: Self.delay(after: failures))
        failures += 1
    }

    mutating func end() {
        self = RetryBackoff()
    }

    /// Lets the next try be made at once. The delay after it goes on growing.
    mutating func waive() {
        retry = nil
    }
}
