// SPDX-License-Identifier: GPL-2.0-or-later
/// So many a second, and a few at once now and then: the generic cell rate algorithm (ITU-T I.371).
struct Pace {
    private let interval: Duration
    private let tolerance: Duration
    /// When the next one is due if all come evenly.
    private var due: ContinuousClock.Instant?

    /// - Parameters:
    ///   - rate: for each second, above 0.
    ///   - burst: how many may come at once, after a time without any.
    init(rate: Int, burst: Int) {
        interval = .seconds(1) / rate
        tolerance = interval * (burst - 1)
    }

    /// Takes the next place, unless that is farther away than `patience`.
    ///
    /// - Returns: how long it is until then; `nil` where that is too long, and no place was taken.
    mutating func wait(at now: ContinuousClock.Instant, patience: Duration) -> Duration? {
        let due = max(self.due ?? now, now)
        let wait = max(.zero, now.duration(to: due) - tolerance)
        guard wait <= patience else { return nil }
        self.due = due + interval
        return wait
    }
}
