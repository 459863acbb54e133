// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import NodeDaemon

@Suite(.timeLimit(.minutes(1)))
struct WakeupTests {
    private static let never = ContinuousClock().now.advanced(by: .seconds(3600))

    @Test func `a signal before the wait ends it at once`() async {
        let wakeup = Wakeup()
        wakeup.signal()
        wakeup.signal()
        await wakeup.wait(until: Self.never, clock: ContinuousClock())
    }

    @Test func `a signal during the wait ends it`() async {
        let wakeup = Wakeup()
        async let waiting: Void = wakeup.wait(until: Self.never, clock: ContinuousClock())
        wakeup.signal()
        await waiting
    }

    @Test func `the deadline ends the wait and leaves no signal behind`() async {
        let wakeup = Wakeup()
        let clock = ContinuousClock()
        let start = clock.now
        await wakeup.wait(until: start.advanced(by: .milliseconds(20)), clock: clock)
        await wakeup.wait(until: start.advanced(by: .milliseconds(60)), clock: clock)
        #expect(clock.now - start >= .milliseconds(60))
    }

    @Test func `many signals count as one`() async {
        let wakeup = Wakeup()
        let clock = ContinuousClock()
        wakeup.signal()
        wakeup.signal()
        await wakeup.wait()
        let start = clock.now
        await wakeup.wait(until: start.advanced(by: .milliseconds(30)), clock: clock)
        #expect(clock.now - start >= .milliseconds(30))
    }

    @Test func `cancelling the task ends the wait`() async {
        let wakeup = Wakeup()
        await withDiscardingTaskGroup { group in
            group.addTask { await wakeup.wait(until: Self.never, clock: ContinuousClock()) }
            group.cancelAll()
        }
    }

    @Test(arguments: 0..<200) func `no signal is lost between waits`(round: Int) async {
        let wakeup = Wakeup()
        async let sender: Void = {
            for _ in 0..<3 { wakeup.signal() }
        }()
        await wakeup.wait()
        await sender
    }
}
