// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// The weight of a new real server rises over 30 s, from a tenth of 100.
struct SlowStartTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler([1: Self.contribution([1, 2])])

    private static let server = Sample.server(1)

    private static func contribution(_ endpoints: [UInt32], slowStart: UInt32 = 30, full: UInt32 = 100) -> Contribution
    {
        var contribution = Sample.contribution(1, endpoints: endpoints)
        contribution.virtualServers[0].configuration.scheduler = .weightedRoundRobin
        contribution.virtualServers[0].slowStart = slowStart
        for index in contribution.virtualServers[0].realServers.indices {
            contribution.virtualServers[0].realServers[index].weight = full
        }
        return contribution
    }

    private static func after(_ seconds: Int) -> ContinuousClock.Instant {
        Sample.start.advanced(by: .seconds(seconds))
    }

    private var weights: [UInt32]? { fake.ipvs.table[Self.server]?.realServers.map(\.weight) }

    private mutating func want(_ contribution: Contribution) {
        reconciler.replaceContribution(of: 1, with: contribution)
    }

    @discardableResult
    private mutating func pass(_ mode: PassMode, _ seconds: Int) async -> PassReport {
        await reconciler.pass(mode, at: Self.after(seconds), on: fake.dataplane)
    }

    @Test mutating func `the first endpoints of a virtual server have their weight at once`() async {
        await pass(.verify, 0)
        #expect(weights == [100, 100])
        #expect(reconciler.nextRise == nil)
    }

    @Test mutating func `a new endpoint rises second by second, and nothing else is written meanwhile`() async {
        await pass(.verify, 0)
        want(Self.contribution([1, 2, 3]))
        await pass(.changes, 10)
        #expect(weights == [100, 100, 10])
        #expect(reconciler.nextRise == Self.after(11))
        #expect(!reconciler.hasWork(at: Self.after(10)) && reconciler.hasWork(at: Self.after(11)))
        var last: UInt32 = 10
        for second in 11...40 {
            fake.clearJournal()
            let report = await pass(.changes, second)
            #expect(report.isComplete)
            #expect(fake.journal.count <= 1, "one edit a second at most")
            let weight = weights?[2] ?? 0
            #expect(weight >= last)
            last = weight
            if second == 25 { #expect(weight == 55) }
        }
        #expect(weights == [100, 100, 100])
        #expect(reconciler.nextRise == nil)
        #expect(!reconciler.hasWork(at: Self.after(100)))
    }

    @Test mutating func `a verifying pass in the middle finds nothing to mend, and mends what somebody changed`() async
    {
        await pass(.verify, 0)
        want(Self.contribution([1, 2, 3]))
        await pass(.changes, 0)
        await pass(.changes, 10)
        let quiet = await pass(.verify, 15)
        #expect(quiet.drift.isEmpty)
        #expect(weights == [100, 100, 40], "a weight rises in passes of changes")
        fake.ipvs.table.apply(.editRealServer(Self.realServer(3, weight: 90), of: Self.server))
        fake.ipvs.table.apply(.editRealServer(Self.realServer(1, weight: 40), of: Self.server))
        let report = await pass(.verify, 16)
        #expect(report.drift == [.virtualServer: 1])
        #expect(weights == [100, 100, 40], "what has risen does not rise again")
    }

    @Test mutating func `a new process goes on where the old one was, and begins nothing anew`() async {
        await pass(.verify, 0)
        want(Self.contribution([1, 2, 3]))
        await pass(.changes, 0)
        await pass(.changes, 10)
        #expect(weights == [100, 100, 40])
        fake.clearJournal()

        reconciler = Sample.reconciler([1: Self.contribution([1, 2, 3])])
        await pass(.verify, 10)
        #expect(weights == [100, 100, 40])
        await pass(.changes, 20)
        #expect(weights == [100, 100, 70])
        await pass(.changes, 30)
        #expect(weights == [100, 100, 100])
    }

    @Test mutating func `a new process that has read ahead goes on where the old one was too`() async {
        await pass(.verify, 0)
        want(Self.contribution([1, 2, 3]))
        await pass(.changes, 0)
        await pass(.changes, 10)
        await begin(wanting: Self.contribution([1, 2, 3]), at: 10)
        #expect(weights == [100, 100, 40])
        await pass(.changes, 20)
        #expect(weights == [100, 100, 70])
    }

    /// Reads what is there before it is known what is wanted, and then makes the first pass.
    private mutating func begin(wanting contribution: Contribution, at seconds: Int) async {
        reconciler = Sample.reconciler()
        let listing = VirtualServerListing()
        while !reconciler.isAhead { reconciler.getAhead(sharing: listing, at: Self.after(seconds), on: fake.dataplane) }
        want(contribution)
        _ = reconciler.endHeadStart(at: Self.after(seconds), period: .seconds(30))
        await pass(.verify, seconds)
    }

    @Test mutating func `what was read ahead and had no slow start gets later weights at once`() async {
        await pass(.verify, 0)
        await begin(wanting: Self.contribution([1, 2], slowStart: 0), at: 10)
        want(Self.contribution([1, 2], full: 200))
        await pass(.changes, 20)
        #expect(weights == [200, 200])
        #expect(reconciler.nextRise == nil)
    }

    @Test mutating func `what was read ahead counts no more once it is all read again`() async {
        await pass(.verify, 0)
        reconciler = Sample.reconciler()
        let listing = VirtualServerListing()
        while !reconciler.isAhead { reconciler.getAhead(sharing: listing, at: Self.after(0), on: fake.dataplane) }
        want(Self.contribution([1, 2], slowStart: 0))
        // The lists of objects have taken longer than a reading counts.
        #expect(reconciler.endHeadStart(at: Self.after(60), period: .seconds(30)) == nil)
        await pass(.verify, 60)
        want(Self.contribution([1, 2], full: 200))
        await pass(.changes, 70)
        #expect(weights == [200, 200])
    }

    @Test mutating func `what came while there was no daemon rises, and what has another weight gets its own at once`()
        async
    {
        await pass(.verify, 0)
        fake.ipvs.table.apply(.editRealServer(Self.realServer(2, weight: 1), of: Self.server))
        reconciler = Sample.reconciler([1: Self.contribution([1, 2, 3])])
        await pass(.verify, 5)
        #expect(weights == [100, 100, 10])
    }

    @Test mutating func `an endpoint that was away with connections is as new when it is back`() async {
        await pass(.verify, 0)
        fake.ipvs.connections[Sample.endpoint(2).id] = 1
        want(Self.contribution([1]))
        await pass(.changes, 1)
        #expect(weights == [100, 0])
        want(Self.contribution([1, 2]))
        await pass(.changes, 2)
        #expect(weights == [100, 10])
        want(Self.contribution([1]))
        await pass(.changes, 3)
        #expect(weights == [100, 0])
        #expect(reconciler.nextRise == nil, "what drains does not rise")
        await pass(.changes, 5)
        #expect(weights == [100, 0])
    }

    @Test mutating func `when all endpoints are replaced at once, none rises`() async {
        await pass(.verify, 0)
        want(Self.contribution([3, 4]))
        await pass(.changes, 1)
        #expect(weights == [100, 100])
    }

    @Test mutating func `a change of weights or of the time keeps what has been reached`() async {
        await pass(.verify, 0)
        want(Self.contribution([1, 2, 3]))
        await pass(.changes, 0)
        await pass(.changes, 15)
        #expect(weights == [100, 100, 55])
        want(Self.contribution([1, 2, 3], full: 1000))
        await pass(.changes, 15)
        #expect(weights == [1000, 1000, 55])
        await pass(.changes, 16)
        #expect(weights?[2] == 580)
        want(Self.contribution([1, 2, 3], full: 50))
        await pass(.changes, 16)
        #expect(weights == [50, 50, 50])
        let report = await pass(.verify, 17)
        #expect(report.drift.isEmpty)
        want(Self.contribution([1, 2, 3, 4], slowStart: 0, full: 1))
        await pass(.changes, 17)
        #expect(weights == [1, 1, 1, 1])
        #expect(reconciler.nextRise == nil)
    }

    @Test mutating func `a large virtual server that is written in parts does not rise`() async {
        await pass(.verify, 0)
        var contribution = Self.contribution(Array(1...3000))
        contribution.virtualServers[0].id = Sample.server(2)
        contribution.virtualServers[0].claim = .clusterIP
        reconciler.replaceContribution(of: 2, with: contribution)
        await pass(.changes, 1)
        let servers = fake.ipvs.table[Sample.server(2)]?.realServers ?? []
        #expect(servers.count == 3000 && servers.allSatisfy { $0.weight == 100 })
        #expect(reconciler.nextRise == nil)
    }

    @Test mutating func `of 10,000 endpoints only those that rise are written`() async {
        reconciler = Sample.reconciler([1: Self.contribution(Array(1...10_000))])
        await pass(.verify, 0)
        want(Self.contribution(Array(1...10_003)))
        await pass(.changes, 1)
        fake.clearJournal()
        await pass(.changes, 11)
        #expect(fake.journal.count == 3)
        #expect(weights?.suffix(3) == [40, 40, 40])
    }

    @Test mutating func `a new endpoint that the kernel refuses keeps nobody from rising`() async {
        await pass(.verify, 0)
        fake.ipvs.brokenRealServers = [Sample.endpoint(3).id.address]
        want(Self.contribution([1, 2, 3, 4]))
        await pass(.changes, 0)
        #expect(weights == [100, 100, 10])
        await pass(.changes, 10)
        #expect(weights == [100, 100, 40])
        fake.ipvs.brokenRealServers = []
        await pass(.verify, 20)
        #expect(weights?.count == 4)
        await pass(.changes, 31)
        #expect(weights == [100, 100, 100, 100])
    }

    private static func realServer(_ number: UInt32, weight: UInt32) -> RealServer {
        RealServer(id: Sample.endpoint(number).id, weight: weight)
    }
}
