// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import SystemTesting
import Testing

/// Many changes in a short time.
struct BurstTests {
    @Test(arguments: zip([0, 20, 700], [6, 6, 5]))
    func `5,000 changes make a pass a second, and the last state is there within a second`(
        passMilliseconds: Int,
        passes: Int
    ) async throws {
        let clock = ManualClock()
        let fake = FakeDataplane()
        let minimum = Duration.seconds(1)
        let node = Sample.node(clock, families: [.v4], minSyncPeriod: minimum, syncPeriod: .seconds(3600))
        let timed = TimedPasses(clock, each: .milliseconds(passMilliseconds))
        node.apply((1...100).map { .service(Sample.service($0)) })
        await node.settle(on: fake.dataplane, telling: timed)
        timed.passes = []

        // One each millisecond from the tenth second on, to a hundred Services at random.
        var random = SeededGenerator(seed: 7)
        let start = clock.now.advanced(by: .seconds(10))
        var rest = (0..<5000).map { index in
            (
                at: start.advanced(by: .milliseconds(index)),
                slice: Sample.slice(
                    Int.random(in: 1...100, using: &random),
                    endpoints: (0..<UInt32.random(in: 0...5, using: &random)).map {
                        $0 + UInt32.random(in: 0...3, using: &random) * 10
                    })
            )
        }[...]
        let last = try #require(rest.last?.at)
        let scratch = Sample.node(clock, families: [.v4])
        scratch.apply((1...100).map { .service(Sample.service($0)) } + rest.map { .slice($0.slice) })

        // Whatever comes first: a change, or the step that is due. During a pass changes wait.
        var next = NodeReconciler.Next.whenTold
        while true {
            let due = next.due(clock.now)
            if let change = rest.first, due.map({ change.at <= max($0, clock.now) }) ?? true {
                clock.advance(to: change.at)
                node.apply([.slice(change.slice)])
                rest.removeFirst()
                next = .atOnce
            } else if let due, due < last.advanced(by: .seconds(60)) {
                clock.advance(to: due)
                next = await node.step(on: fake.dataplane, telling: timed).next
            } else {
                break
            }
        }

        let end = try #require(timed.passes.last)
        #expect(end <= last.advanced(by: minimum + .milliseconds(passMilliseconds)))
        // Two go at once; then one each second and the time that a pass takes.
        #expect(timed.passes.count == passes)
        scratch.planChanges(telling: PassReports())
        let wanted = try #require(scratch.families.first).reconciler.desired
        #expect(fake.ipvs.table.entries.count == wanted.virtualServerIDs.count)
        #expect(wanted.virtualServerIDs.allSatisfy { fake.ipvs.table[$0] == wanted[$0] })
        #expect(fake.addresses.bound == Set(wanted.addresses))
    }

    @Test func `a new Service and its slice are both in the kernel at once, in either order`() async throws {
        for isSliceFirst in [false, true] {
            let clock = ManualClock()
            let fake = FakeDataplane()
            let node = Sample.node(clock, families: [.v4], minSyncPeriod: .seconds(1), syncPeriod: .seconds(3600))
            await node.settle(on: fake.dataplane, telling: PassReports())
            clock.advance(by: .seconds(10))
            let updates: [ObjectUpdate] = [.service(Sample.service(1)), .slice(Sample.slice(1, endpoints: [1, 2]))]
            for update in isSliceFirst ? updates.reversed() : updates {
                node.apply([update])
                await node.settle(on: fake.dataplane, telling: PassReports())
                clock.advance(by: .milliseconds(20))
            }
            #expect(fake.ipvs.table.entries.values.map(\.realServers.count) == [2])
        }
    }
}

/// Passes that take their time.
private final class TimedPasses: PassObserver {
    private let clock: ManualClock
    private let duration: Duration
    /// When each pass of changes began.
    var passes: [ContinuousClock.Instant] = []

    init(_ clock: ManualClock, each duration: Duration) {
        self.clock = clock
        self.duration = duration
    }

    func changesTaken(_ family: IPFamily, at now: Instant) {
        passes.append(now)
        clock.advance(by: duration)
    }
}

extension NodeReconciler.Next {
    /// `nil` where nothing is due until something changes.
    fileprivate func due(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        switch self {
        case .atOnce: now
        case .at(let instant): instant
        case .whenTold: nil
        }
    }
}
