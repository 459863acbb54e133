// SPDX-License-Identifier: GPL-2.0-or-later
import Reconcile
import SystemTesting
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

    /// Makes a pass for a change at that instant, or as soon as it may be made.
    private static func pass(
        _ schedule: inout SyncSchedule<ContinuousClock.Instant>,
        for change: Duration
    ) throws -> ContinuousClock.Instant {
        schedule.noteChange(at: after(change))
        let began = try #require(schedule.nextChanges)
        schedule.changesTaken()
        schedule.passEnded(.changes, hasFailed: false, at: began)
        return began
    }

    @Test func `a new Service and its slice go at once, and what follows is gathered for two periods`() throws {
        var schedule = Self.settled()
        #expect(try Self.pass(&schedule, for: .seconds(10)) == Self.after(.seconds(10)))
        #expect(try Self.pass(&schedule, for: .milliseconds(10_040)) == Self.after(.milliseconds(10_040)))
        schedule.noteChange(at: Self.after(.milliseconds(10_100)))
        schedule.noteChange(at: Self.after(.milliseconds(10_900)))
        #expect(schedule.nextChanges == Self.after(.seconds(12)))
    }

    @Test func `changes without end make a pass in each minimum period`() throws {
        var schedule = Self.settled()
        var began: [ContinuousClock.Instant] = []
        for _ in 0..<8 { began.append(try Self.pass(&schedule, for: .zero)) }
        #expect(began == [0, 0, 2, 3, 4, 5, 6, 7].map { Self.after(.seconds($0)) })
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `within any two minimum periods there are two passes at most, and a change waits no longer than that`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        var schedule = Self.settled()
        var began: [ContinuousClock.Instant] = []
        var now = Duration.zero
        for _ in 0..<200 {
            now += .milliseconds(Int.random(in: 0...Int.random(in: 1...3000, using: &random), using: &random))
            let pass = try Self.pass(&schedule, for: now)
            #expect(Self.after(now).duration(to: pass) <= .seconds(2))
            began.append(pass)
            // What came meanwhile was written with it.
            now = max(now, Self.start.duration(to: pass))
        }
        for (first, third) in zip(began, began.dropFirst(2)) {
            #expect(first.duration(to: third) >= .seconds(2))
        }
    }

    @Test func `the parts of a large change count as one pass`() throws {
        var schedule = Self.settled()
        _ = try Self.pass(&schedule, for: .seconds(10))
        for part in 1...5 {
            schedule.changesTaken(continuing: true)
            schedule.passEnded(.changes, hasFailed: false, at: Self.after(.seconds(10) + .milliseconds(20 * part)))
        }
        schedule.noteChange(at: Self.after(.milliseconds(10_150)))
        #expect(schedule.nextChanges == Self.after(.milliseconds(10_150)))
    }

    @Test func `a verifying pass that ends meanwhile does not put changes off`() throws {
        var schedule = Self.settled()
        for _ in 0..<3 { _ = try Self.pass(&schedule, for: .zero) }
        schedule.noteChange(at: Self.after(.milliseconds(2100)))
        schedule.passEnded(.verify, hasFailed: false, at: Self.after(.milliseconds(2900)))
        #expect(schedule.nextChanges == Self.after(.seconds(3)))
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
        #expect(schedule.nextChanges == Self.after(.seconds(7)))
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
