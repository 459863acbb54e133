import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

/// Many changes in a short time, on a clock that is made up.
struct BurstTests {
    @Test(arguments: [0, 20, 700])
    func `5,000 changes make a pass a second, and the last state is there within a second`(
        passMilliseconds: Int
    ) async throws {
        let fake = FakeDataplane()
        let minimum = Duration.seconds(1)
        var reconciler = Sample.reconciler()
        var schedule = SyncSchedule(minimum: minimum, period: .seconds(30), now: Sample.start)
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        schedule.passEnded(.verify, hasFailed: false, at: Sample.start)

        // One each millisecond from the tenth second on, to a hundred Services at random.
        var random = SeededGenerator(seed: 7)
        let changes = (0..<5000).map { index in
            (
                at: Sample.start.advanced(by: .milliseconds(10_000 + index)),
                owner: UInt32.random(in: 1...100, using: &random),
                endpoints: (0..<UInt32.random(in: 0...5, using: &random)).map {
                    $0 + UInt32.random(in: 0...3, using: &random) * 10
                }
            )
        }
        var passes: [(began: ContinuousClock.Instant, ended: ContinuousClock.Instant)] = []
        var rest = changes[...]
        var now = Sample.start
        var noted: ContinuousClock.Instant?
        while !rest.isEmpty || noted != nil {
            // Whatever comes first: a change, or the pass that is due. During a pass changes wait.
            if let due = schedule.nextChanges, rest.first.map({ max(due, now) < $0.at }) ?? true {
                now = max(now, due)
                let began = now
                schedule.changesTaken()
                noted = nil
                let report = await reconciler.pass(.changes, at: now, on: fake.dataplane)
                now = now.advanced(by: .milliseconds(passMilliseconds))
                schedule.passEnded(.changes, hasFailed: !report.failures.isEmpty, at: now)
                passes.append((began, now))
            } else if let change = rest.popFirst() {
                now = max(now, change.at)
                reconciler.replaceContribution(
                    of: change.owner, with: Sample.contribution(change.owner, endpoints: change.endpoints))
                schedule.noteChange(at: now)
                noted = now
            }
        }

        let last = try #require(changes.last?.at)
        let end = try #require(passes.last)
        #expect(end.began <= last.advanced(by: minimum + .milliseconds(passMilliseconds)))
        // The first goes at once; then one each second and the time that a pass takes.
        #expect(passes.count == 2 + 5000 / (1000 + passMilliseconds) - (passMilliseconds == 0 ? 1 : 0))
        var scratch: [UInt32: Contribution] = [:]
        for change in changes {
            scratch[change.owner] = Sample.contribution(change.owner, endpoints: change.endpoints)
        }
        let wanted = Sample.reconciler(scratch).desired
        #expect(fake.ipvs.table.entries.count == wanted.virtualServerIDs.count)
        #expect(wanted.virtualServerIDs.allSatisfy { fake.ipvs.table[$0] == wanted[$0] })
        #expect(fake.addresses.bound == Set(wanted.addresses))
    }
}
