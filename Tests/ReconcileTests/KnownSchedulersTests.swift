// SPDX-License-Identifier: GPL-2.0-or-later
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
        known.learn([.sed], from: fake, at: start)
        #expect(known.missing == [.sed])
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
