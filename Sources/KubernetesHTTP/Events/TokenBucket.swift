// SPDX-License-Identifier: GPL-2.0-or-later

/// Bounds how often something is done: some times at once, and then at a steady pace. Pure: the time is an argument.
struct TokenBucket {
    /// How often at once.
    let capacity: Int
    /// The time between two, in the long run.
    let interval: Duration

    private var tokens: Double
    private var last: UnixTime?

    init(capacity: Int, interval: Duration) {
        self.capacity = capacity
        self.interval = interval
        tokens = Double(capacity)
    }

    /// Takes a token.
    ///
    /// - Returns: how long to wait before it is used.
    mutating func take(at now: UnixTime) -> Duration {
        // A clock that is set back brings no token.
        let elapsed = max(0, now.microseconds - (last ?? now).microseconds)
        last = now
        tokens = min(Double(capacity), tokens + Double(elapsed) / (interval / .microseconds(1)))
        tokens -= 1
        return tokens >= 0 ? .zero : interval * -tokens
    }
}
