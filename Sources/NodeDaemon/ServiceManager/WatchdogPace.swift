// SPDX-License-Identifier: GPL-2.0-or-later

/// When a watchdog is next to be told: twice within its limit, as sd_watchdog_enabled(3) recommends.
struct WatchdogPace {
    typealias Instant = ContinuousClock.Instant

    private let interval: Duration?
    private var last: Instant?

    init(limit: Duration?) {
        interval = limit.map { $0 / 2 }
    }

    /// When it is due, at the latest: a loop that waits wakes up for it. `nil` where there is no watchdog.
    func next(after now: Instant) -> Instant? {
        interval.map { interval in last.map { $0 + interval } ?? now }
    }

    /// Whether it is to be told now. Then it counts as told.
    mutating func isDue(at now: Instant) -> Bool {
        guard let next = next(after: now), next <= now else { return false }
        last = now
        return true
    }
}
