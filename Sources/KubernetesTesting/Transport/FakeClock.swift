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

/// Random numbers that are the same in each run with the same seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
