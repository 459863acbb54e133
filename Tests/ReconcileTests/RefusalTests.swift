// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Objects that the kernel refuses: each waits for itself, and costs the others nothing.
struct RefusalTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler()

    private static func after(_ duration: Duration) -> ContinuousClock.Instant { Sample.start.advanced(by: duration) }

    /// A first pass over a kernel that refuses what has to do with the first virtual IPs.
    private mutating func settle(refusing numbers: ClosedRange<UInt32> = 1...1, of count: UInt32 = 20) async {
        fake.ipvs.brokenAddresses = Set(numbers.map(Sample.vip))
        for number in 1...count {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number))
        }
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
    }

    private mutating func verify(_ duration: Duration) async -> PassReport {
        await reconciler.pass(.verify, at: Self.after(duration), on: fake.dataplane)
    }

    private mutating func change(_ duration: Duration) -> PassReport {
        reconciler.writeChanges(at: Self.after(duration), on: fake.dataplane)
    }

    @Test mutating func `a refused object is tried again after 100 ms, doubling up to half a minute, whatever changes`()
        async throws
    {
        await settle()
        var last = Sample.start
        var delays: [Duration] = []
        for number in 100..<114 as Range<UInt32> {
            let next = try #require(reconciler.nextRetry)
            // Changes before its time do not try it.
            reconciler.replaceContribution(of: number, with: Sample.contribution(number))
            #expect(change(Sample.start.duration(to: next) - .milliseconds(1)).refusals.isEmpty)
            #expect(change(Sample.start.duration(to: next)).refusals.count == 1)
            delays.append(last.duration(to: next))
            last = next
        }
        #expect(delays[..<3] == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(delays[9...].allSatisfy { $0 == .seconds(30) })
    }

    @Test mutating func `a change to a refused object is tried at once`() async {
        await settle()
        fake.ipvs.brokenAddresses = []
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [7]))
        #expect(change(.zero).isComplete)
        #expect(fake.ipvs.table[Sample.server(1)]?.realServers == [Sample.endpoint(7)])
    }

    @Test mutating func `what the kernel takes at last is refused no more`() async {
        await settle()
        fake.ipvs.brokenAddresses = []
        #expect(reconciler.hasWork(at: Self.after(.milliseconds(100))))
        let report = change(.milliseconds(100))
        #expect(report.isComplete && report.drift.isEmpty)
        #expect(report.standing.isEmpty)
        #expect(reconciler.nextRetry == nil)
        #expect(!reconciler.hasWork(at: Self.after(.seconds(60))))
    }

    @Test mutating func `a refused object that nobody wants any more is forgotten`() async {
        await settle()
        reconciler.replaceContribution(of: 1, with: Contribution())
        #expect(change(.zero).isComplete)
        #expect(reconciler.nextRetry == nil)
    }

    @Test mutating func `one refused real server leaves its neighbours in place, and is no drift`() async {
        fake.ipvs.brokenRealServers = [Sample.endpoint(2).id.address]
        await settle(refusing: 50...50)
        #expect(fake.ipvs.table[Sample.server(1)]?.realServers == [Sample.endpoint(1)])
        let report = await verify(.milliseconds(1))
        #expect(report.drift.isEmpty && report.applied.isEmpty)
        #expect(report.standing.count == 20)
        #expect(!report.isComplete)
        #expect(change(.milliseconds(2)).refusals.isEmpty)
    }

    @Test mutating func `what a pass tries in vain while everything is verified is no drift`() async {
        fake.ipvs.brokenRealServers = [Sample.endpoint(2).id.address]
        await settle(refusing: 50...50)
        reconciler.beginVerifying()
        #expect(change(.milliseconds(1)).refusals.count == 20)
        var report: PassReport?
        while report == nil {
            report = await reconciler.continueVerifying(at: Self.after(.milliseconds(2)), on: fake.dataplane)
        }
        #expect(report?.drift.isEmpty == true)
    }

    @Test mutating func `damage to a virtual server with a refused real server is repaired`() async {
        fake.ipvs.brokenRealServers = [Sample.endpoint(2).id.address]
        await settle(refusing: 50...50)
        fake.ipvs.table[Sample.server(3)] = nil
        let report = await verify(.milliseconds(1))
        #expect(report.drift == [.virtualServer: 1])
        #expect(fake.ipvs.table[Sample.server(3)]?.realServers == [Sample.endpoint(1)])
    }

    @Test mutating func `a verifying pass tries what was refused again, for it may have mended the reason`() async {
        await settle()
        fake.ipvs.brokenAddresses = []
        #expect(await verify(.milliseconds(1)).isComplete)
        #expect(reconciler.nextRetry == nil)
    }

    @Test
    mutating func `ten thousand refused objects are tried again a few in a pass, and all soon once they are taken`()
        async
    {
        await settle(refusing: 1...10_000, of: 10_000)
        #expect(reconciler.refused.count == 10_000)
        var duration = Duration.seconds(1)
        #expect(change(duration).refusals.count == 64)
        #expect(change(duration).refusals.count == 64)
        fake.ipvs.brokenAddresses = []
        var passes = 0
        while !reconciler.refused.isEmpty, passes < 20 {
            duration += .seconds(1)
            _ = change(duration)
            passes += 1
        }
        #expect(passes < 10)
        #expect(fake.ipvs.table.entries.count == 10_000)
    }

    @Test mutating func `a refused address and a refused set entry are not tried in each pass either`() async {
        fake.addresses.brokenAddresses = [Sample.vip(3)]
        fake.sets.refusedEntries = [.ip(Sample.vip(4))]
        await settle(refusing: 50...50)
        #expect(reconciler.refused.count == 2)
        #expect(change(.milliseconds(1)).refusals.isEmpty)
        #expect(change(.milliseconds(100)).refusals.count == 2)
        #expect(change(.milliseconds(101)).refusals.isEmpty)
        let report = await verify(.milliseconds(102))
        #expect(report.refusals.count == 2 && report.drift.isEmpty && report.applied.isEmpty)
    }

    @Test mutating func `a kernel that holds something else than is known is a reason to read it`() async {
        await settle(refusing: 50...50)
        #expect(!change(.zero).contradictsMirror)
        for (number, contradicts) in [(2, true), (3, true), (17, true), (22, false), (12, false)] as [(Int32, Bool)] {
            var report = PassReport(family: .v4, mode: .changes)
            let error = DataplaneError(part: .ipvs, number: number, explanation: "refused")
            report.refusals = [Refusal(kind: .realServer, attempt: "add", error: error)]
            #expect(report.contradictsMirror == contradicts)
        }
    }
}
