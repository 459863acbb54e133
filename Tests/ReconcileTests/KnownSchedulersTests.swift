// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

struct KnownSchedulersTests {
    private let fake = FakeIPVS()
    private let start = ContinuousClock.now

    private func scheduler(_ name: String) throws -> Scheduler { try #require(Scheduler(name)) }

    @Test func `a scheduler is asked for once, and leaves nothing behind`() throws {
        var known = KnownSchedulers()
        known.learn([.sed, .weightedRoundRobin], from: fake, at: start)
        #expect(known.missing.isEmpty)
        #expect(fake.table.entries.isEmpty)
        let asked = fake.exchanges.count
        known.learn([.sed, .weightedRoundRobin], from: fake, at: start)
        #expect(fake.exchanges.count == asked)
    }

    @Test func `one that is missing is asked for again after five minutes`() throws {
        fake.missingSchedulers = ["sed"]
        var known = KnownSchedulers()
        known.learn([.sed], from: fake, at: start)
        #expect(known.missing == [.sed])
        fake.missingSchedulers = []
        known.learn([.sed], from: fake, at: start.advanced(by: .seconds(299)))
        #expect(known.missing == [.sed])
        known.learn([.sed], from: fake, at: start.advanced(by: .seconds(300)))
        #expect(known.missing.isEmpty)
    }

    /// ENOBUFS, and ENOENT: there is no IPVS, as while its module is loaded anew.
    @Test(arguments: [105, 2] as [Int32])
    func `a kernel that cannot be asked lacks nothing yet, whatever number it says so with`(number: Int32) throws {
        var known = KnownSchedulers()
        fake.failNextApply(with: number)
        known.learn([.sed], from: fake, at: start)
        #expect(known.missing.isEmpty)
        fake.missingSchedulers = ["sed"]
        known.learn([.sed], from: fake, at: start.advanced(by: .seconds(1)))
        #expect(known.missing == [.sed])
        #expect(known.nextTry == nil)
    }

    @Test func `one of which the kernel cannot be asked is asked for again after a second, then ever later`() throws {
        var known = KnownSchedulers()
        // Whatever is added there is refused, and not for want of a scheduler.
        fake.brokenAddresses = [SchedulerProbe.server.address]
        var (now, delays) = (start, [Duration]())
        for _ in 0..<12 {
            known.learn([.sed], from: fake, at: now)
            let asked = fake.exchanges.count
            let next = try #require(known.nextTry)
            known.learn([.sed], from: fake, at: next.advanced(by: .milliseconds(-1)))
            #expect(fake.exchanges.count == asked)
            delays.append(now.duration(to: next))
            now = next
        }
        #expect(delays[..<4] == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(delays.suffix(3).allSatisfy { $0 == KnownSchedulers.retryInterval })
        // Another one does not wait for that.
        let asked = fake.exchanges.count
        known.learn([.sed, .nq], from: fake, at: now.advanced(by: .seconds(-1)))
        #expect(fake.exchanges.count > asked)
        fake.brokenAddresses = []
        known.learn([.sed, .nq], from: fake, at: now)
        known.learn([.sed, .nq], from: fake, at: known.nextTry ?? now)
        #expect(known.nextTry == nil && known.missing.isEmpty)
        #expect(fake.table.entries.isEmpty)
    }

    @Test func `one that was missing and cannot be asked for later stays missing until it can`() throws {
        fake.missingSchedulers = ["sed"]
        var known = KnownSchedulers()
        known.learn([.sed], from: fake, at: start)
        fake.missingSchedulers = []
        fake.failNextApply()
        let retry = start.advanced(by: KnownSchedulers.retryInterval)
        known.learn([.sed], from: fake, at: retry)
        #expect(known.missing == [.sed])
        #expect(known.nextTry == retry.advanced(by: .seconds(1)))
        known.learn([.sed], from: fake, at: retry.advanced(by: .seconds(1)))
        #expect(known.missing.isEmpty && known.nextTry == nil)
    }

    @Test func `what a try has left is removed, also when no Service asks for its scheduler any more`() throws {
        var known = KnownSchedulers()
        fake.unremovable = [SchedulerProbe.server]
        known.learn([.sed], from: fake, at: start)
        #expect(fake.table[SchedulerProbe.server] != nil)
        known.learn([], from: fake, at: start.advanced(by: .seconds(1)))
        #expect(fake.table[SchedulerProbe.server] != nil)
        fake.unremovable = []
        let next = try #require(known.nextTry)
        #expect(next == start.advanced(by: .seconds(3)))
        known.learn([], from: fake, at: next)
        #expect(fake.table.entries.isEmpty && known.nextTry == nil)
    }

    @Test(arguments: [false, true])
    func `a verifying pass removes what a try has left, and calls it nobody's doing`(isExcluded: Bool) async throws {
        let fake = FakeDataplane()
        let networks = isExcluded ? [try #require(IPPrefix("198.51.100.0/24"))] : []
        var reconciler = Sample.reconciler([1: Sample.contribution(1)], excluding: networks)
        _ = await reconciler.pass(.verify, at: start, on: fake.dataplane)
        let other = VirtualServer.ID(address: SchedulerProbe.server.address, port: 1, transport: .tcp)
        for id in [SchedulerProbe.server, other] {
            _ = try fake.ipvs.apply([.addVirtualServer(id, Sample.configuration)])
        }
        let report = await reconciler.pass(.verify, at: start, on: fake.dataplane)
        #expect(fake.ipvs.table[SchedulerProbe.server] == nil)
        #expect(report.failures.isEmpty && report.refusals.isEmpty)
        #expect(report.drift == (isExcluded ? [:] : [.virtualServer: 1]))
        #expect((fake.ipvs.table[other] != nil) == isExcluded)
    }

    @Test func `a process that reads ahead removes what a try of another has left, also in an excluded network`()
        async throws
    {
        let fake = FakeDataplane()
        _ = try fake.ipvs.apply([.addVirtualServer(SchedulerProbe.server, Sample.configuration)])
        var reconciler = Sample.reconciler(excluding: [try #require(IPPrefix("198.51.100.0/24"))])
        let listing = VirtualServerListing()
        while !reconciler.isAhead { reconciler.getAhead(sharing: listing, at: start, on: fake.dataplane) }
        _ = reconciler.endHeadStart(at: start, period: .seconds(30))
        #expect(await reconciler.pass(.verify, at: start, on: fake.dataplane).drift.isEmpty)
        #expect(fake.ipvs.table.entries.isEmpty)
    }

    @Test func `made-up names have the kernel look for sixteen modules, and keep none that Linux has from being found`()
        throws
    {
        let madeUp = try (1...1000).map { try scheduler("x\($0)") }
        fake.missingSchedulers = Set(madeUp.map(\.name))
        var known = KnownSchedulers()
        known.learn(madeUp, from: fake, at: start)
        #expect(known.missing.count == 1000)
        // A clean-up before each, and the try.
        #expect(fake.exchanges.count == 2 * KnownSchedulers.mostForeign)
        known.learn(madeUp + [.sed], from: fake, at: start)
        #expect(!known.missing.contains(.sed))
        let asked = fake.exchanges.count
        known.learn(madeUp + [.sed], from: fake, at: start.advanced(by: .seconds(300)))
        #expect(fake.exchanges.count == asked + 2 * KnownSchedulers.mostForeign)
        known.learn([], from: fake, at: start)
        #expect(known.missing.isEmpty)
    }

    @Test func `a rehearsal tries no scheduler, also where not all is shown`() throws {
        let fake = FakeDataplane()
        var notes = 0
        let rehearsed = Rehearsal(of: fake.dataplane) { _ in notes += 1 }.dataplane
        var known = KnownSchedulers()
        known.learn([.sed], from: rehearsed.showing { _ in true }.ipvs, at: start)
        known.learn(
            [.nq], from: Rehearsal(of: fake.dataplane.showing { _ in true }) { _ in notes += 1 }.dataplane.ipvs,
            at: start)
        #expect(known.missing.isEmpty)
        #expect(notes == 0)
        #expect(fake.ipvs.exchanges.isEmpty)
    }
}
