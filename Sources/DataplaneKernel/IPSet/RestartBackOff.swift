// SPDX-License-Identifier: GPL-2.0-or-later

/// When a program that has ended may be started again: at once, then after a second, and after twice the time with each further end.
package struct RestartBackOff {
    package typealias Instant = ContinuousClock.Instant

    /// A program that lived so long starts anew with the shortest delay.
    private static let calm = Duration.seconds(60)
    private static let longestDelay = Duration.seconds(60)

    private var delay: Duration?
    private var started: Instant?
    private var earliestStart: Instant?

    package init() {}

    package func allowsStart(at now: Instant) -> Bool {
        earliestStart.map { now >= $0 } ?? true
    }

    package mutating func noteStart(at now: Instant) {
        started = now
    }

    /// Also where the start itself failed.
    package mutating func noteEnd(at now: Instant) {
        if let started, now - started >= Self.calm { delay = nil }
        let next = delay.map { min(max($0 * 2, .seconds(1)), Self.longestDelay) } ?? .zero
        delay = next
        earliestStart = now + next
    }
}
