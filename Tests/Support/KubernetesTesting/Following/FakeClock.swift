// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// A clock that only sleeping moves on: a sleep takes no time, and is remembered.
package final class FakeClock: Clock {
    package struct Instant: InstantProtocol {
        package var sinceStart: Duration

        package func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
        package func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
        package static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.sinceStart < rhs.sinceStart }
    }

    private let state = Mutex((now: Duration.zero, sleeps: [Duration]()))

    package init() {}

    package var now: Instant { Instant(sinceStart: state.withLock { $0.now }) }
    package var minimumResolution: Duration { .zero }
    /// Every sleep so far, in order.
    package var sleeps: [Duration] { state.withLock { $0.sleeps } }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.sleeps.append(deadline.sinceStart - state.now)
            state.now = max(state.now, deadline.sinceStart)
        }
        await Task.yield()
    }

    /// Lets time go by.
    package func advance(by duration: Duration) {
        state.withLock { $0.now += duration }
    }
}
