// SPDX-License-Identifier: GPL-2.0-or-later
import Reconcile
import Testing

struct SyncScheduleTests {
    private static let start = ContinuousClock().now

    private static func after(_ duration: Duration) -> ContinuousClock.Instant {
        start.advanced(by: duration)
    }

    /// A schedule with its first pass done at the start.
    private static func settled(minimum: Duration = .seconds(1)) -> SyncSchedule<ContinuousClock.Instant> {
        var schedule = SyncSchedule(minimum: minimum, period: .seconds(30), now: start)
        schedule.changesTaken()
        schedule.passEnded(.verify, hasFailed: false, at: start)
        return schedule
    }

    @Test func `the first pass is due at once and verifies`() {
        let schedule = SyncSchedule(minimum: .seconds(1), period: .seconds(30), now: Self.start)
        #expect(schedule.nextVerify == Self.start)
        #expect(schedule.nextChanges == nil)
    }

    @Test func `the first change after a quiet time goes at once`() throws {
        var schedule = Self.settled()
        schedule.noteChange(at: Self.after(.seconds(10)))
        #expect(try #require(schedule.nextChanges) <= Self.after(.seconds(10)))
    }

    @Test func `changes inside the minimum are gathered until it has gone by`() {
        var schedule = Self.settled()
        schedule.passEnded(.changes, hasFailed: false, at: Self.start)
        schedule.noteChange(at: Self.after(.milliseconds(100)))
        schedule.noteChange(at: Self.after(.milliseconds(900)))
        #expect(schedule.nextChanges == Self.after(.seconds(1)))
    }

    @Test func `a verifying pass that ends meanwhile does not put changes off`() {
        var schedule = Self.settled()
        schedule.passEnded(.changes, hasFailed: false, at: Self.start)
        schedule.noteChange(at: Self.after(.milliseconds(100)))
        schedule.passEnded(.verify, hasFailed: false, at: Self.after(.milliseconds(900)))
        #expect(schedule.nextChanges == Self.after(.seconds(1)))
    }

    @Test func `what came while the first pass was under way is written when that has ended`() throws {
        var schedule = SyncSchedule(minimum: .seconds(10), period: .seconds(30), now: Self.start)
        schedule.changesTaken()
        schedule.noteChange(at: Self.after(.seconds(1)))
        schedule.passEnded(.verify, hasFailed: false, at: Self.after(.seconds(5)))
        #expect(try #require(schedule.nextChanges) <= Self.after(.seconds(5)))
    }

    @Test func `with a minimum of zero every change goes at once`() {
        var schedule = Self.settled(minimum: .zero)
        schedule.noteChange(at: Self.start)
        #expect(schedule.nextChanges == Self.start)
    }

    @Test func `a change that comes during a pass is for the next one`() {
        var schedule = Self.settled()
        schedule.noteChange(at: Self.after(.seconds(5)))
        schedule.changesTaken()
        schedule.noteChange(at: Self.after(.seconds(6)))
        schedule.passEnded(.changes, hasFailed: false, at: Self.after(.seconds(7)))
        #expect(schedule.nextChanges == Self.after(.seconds(8)))
    }

    @Test func `everything is verified each sync period however many changes there are`() {
        var schedule = Self.settled()
        for second in 1..<30 {
            schedule.noteChange(at: Self.after(.seconds(second)))
            schedule.changesTaken()
            schedule.passEnded(.changes, hasFailed: false, at: Self.after(.seconds(second)))
        }
        #expect(schedule.nextVerify == Self.after(.seconds(30)))
    }

    @Test func `a pass that failed is tried again after 100 ms, doubling up to the sync period`() {
        var schedule = Self.settled(minimum: .zero)
        var delays: [Duration] = []
        var now = Self.start
        for _ in 0..<12 {
            schedule.changesTaken()
            schedule.passEnded(.verify, hasFailed: true, at: now)
            delays.append(now.duration(to: schedule.nextVerify))
            now = schedule.nextVerify
        }
        #expect(delays[..<4] == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(delays[9...].allSatisfy { $0 == .seconds(30) })
    }

    @Test func `a verifying pass without a failure ends the back-off`() {
        var schedule = Self.settled(minimum: .zero)
        for _ in 0..<5 {
            schedule.passEnded(.verify, hasFailed: true, at: Self.start)
        }
        schedule.verifyStarted()
        schedule.passEnded(.verify, hasFailed: false, at: Self.start)
        #expect(schedule.nextVerify == Self.after(.seconds(30)))
        schedule.passEnded(.changes, hasFailed: true, at: Self.start)
        #expect(schedule.nextVerify == Self.after(.milliseconds(100)))
    }

    @Test func `a verifying pass does not make up for changes that failed while it was under way`() {
        var schedule = Self.settled(minimum: .zero)
        schedule.verifyStarted()
        schedule.passEnded(.changes, hasFailed: true, at: Self.start)
        schedule.passEnded(.verify, hasFailed: false, at: Self.after(.seconds(1)))
        #expect(schedule.nextVerify == Self.after(.milliseconds(1200)))
        schedule.verifyStarted()
        schedule.passEnded(.changes, hasFailed: false, at: Self.after(.seconds(2)))
        schedule.passEnded(.verify, hasFailed: false, at: Self.after(.seconds(2)))
        #expect(schedule.nextVerify == Self.after(.seconds(32)))
    }

    @Test func `a retry keeps the minimum`() {
        var schedule = Self.settled()
        schedule.passEnded(.changes, hasFailed: true, at: Self.start)
        #expect(schedule.nextVerify == Self.after(.seconds(1)))
    }

    @Test func `passes of changes that fail each second do not put the verifying pass off`() {
        var schedule = Self.settled()
        for second in 1...300 {
            let now = Self.after(.seconds(second))
            #expect(schedule.nextVerify <= Self.after(.seconds(30 * (1 + (second - 1) / 30))))
            if schedule.nextVerify <= now {
                schedule.verifyStarted()
                schedule.passEnded(.verify, hasFailed: false, at: now)
            }
            schedule.noteChange(at: now)
            schedule.changesTaken()
            schedule.passEnded(.changes, hasFailed: true, at: now)
        }
    }

    @Test func `a failure brings the verifying pass forward, and never moves it back`() {
        var schedule = Self.settled(minimum: .zero)
        schedule.passEnded(.changes, hasFailed: true, at: Self.after(.seconds(1)))
        #expect(schedule.nextVerify == Self.after(.milliseconds(1100)))
        schedule.passEnded(.changes, hasFailed: true, at: Self.after(.seconds(1)))
        #expect(schedule.nextVerify == Self.after(.milliseconds(1100)))
    }
}
