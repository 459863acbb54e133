// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Virtual servers with very many real servers, and passes with very many addresses: others do not wait for them.
struct LargeServerTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler([1: Sample.contribution(1)])

    private mutating func settle() async {
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
    }

    private mutating func change(_ seconds: Int = 0) -> PassReport {
        reconciler.writeChanges(at: Sample.start.advanced(by: .seconds(seconds)), on: fake.dataplane)
    }

    /// Passes until nothing is left to write.
    ///
    /// - Returns: how many there were.
    private mutating func changeToTheEnd(_ seconds: Int = 0) -> Int {
        var passes = 0
        repeat {
            _ = change(seconds)
            passes += 1
            // What asks for a pass at once must also have something for it to do.
            #expect(!reconciler.hasMore || reconciler.hasWork(at: Sample.start))
        } while reconciler.hasMore && passes < 10_000
        return passes
    }

    private func realServers(_ number: UInt32) -> Int {
        fake.ipvs.table[Sample.server(number)]?.realServers.count ?? 0
    }

    @Test mutating func `a Service written just after one of 50,000 endpoints is there after the first part of it`()
        async
    {
        await settle()
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...50_000)))
        reconciler.replaceContribution(of: 3, with: Sample.contribution(3))
        #expect(change().failures.isEmpty)
        #expect(realServers(3) == 2)
        #expect(fake.addresses.bound.contains(Sample.vip(3)))
        #expect(realServers(2) > 0 && realServers(2) < 50_000)
        #expect(reconciler.hasMore)

        // What comes in the middle is written first too.
        reconciler.replaceContribution(of: 4, with: Sample.contribution(4))
        #expect(change().failures.isEmpty)
        #expect(realServers(4) == 2)
    }

    @Test mutating func `a part is smaller the more real servers there are, and all come in the end`() async {
        await settle()
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...12_000)))
        let before = fake.ipvs.exchanges.count
        #expect(changeToTheEnd() > 100)
        #expect(realServers(2) == 12_000)
        #expect(fake.ipvs.table[Sample.server(2)] == reconciler.desired[Sample.server(2)])
        for (position, size) in fake.ipvs.exchanges[before...].enumerated() where position > 200 {
            #expect(size < 150)
        }
        #expect(!reconciler.hasWork(at: Sample.start))
        let verified = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(verified.wroteNothing && verified.isComplete)
    }

    @Test mutating func `the first pass leaves the rest of a large virtual server to passes of changes`() async {
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...3000)))
        reconciler.beginVerifying()
        while await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) == nil {
            _ = await reconciler.keepRules(at: Sample.start, on: fake.rules)
        }
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
        #expect(realServers(2) > 0 && realServers(2) < 3000)
        #expect(reconciler.hasMore)
        _ = changeToTheEnd()
        #expect(realServers(2) == 3000)
    }

    @Test mutating func `a large virtual server changes its mind in the middle`() async {
        await settle()
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...4000)))
        for _ in 0..<3 { _ = change() }
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(2001...6000)))
        _ = changeToTheEnd()
        let drained = Sample.start.advanced(by: .seconds(1000))
        while reconciler.hasMore || reconciler.hasWork(at: drained) { _ = change(1000) }
        #expect(fake.ipvs.table[Sample.server(2)] == reconciler.desired[Sample.server(2)])
    }

    @Test mutating func `one refused endpoint of a large virtual server does not hold up the others`() async {
        await settle()
        fake.ipvs.brokenRealServers = [Sample.endpoint(1).id.address]
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...3000)))
        #expect(changeToTheEnd() < 100)
        #expect(realServers(2) == 2999)
        #expect(reconciler.refused.count == 1)
    }

    @Test mutating func `many refused endpoints at the head of a large virtual server do not hold up the others`() async
    {
        await settle()
        fake.ipvs.brokenRealServers = Set((1...1500).map { Sample.endpoint($0).id.address })
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...6000)))
        #expect(changeToTheEnd() < 200)
        #expect(realServers(2) == 4500)
        #expect(reconciler.refused.count == 1)
        // One try, whatever the number of parts.
        #expect(reconciler.nextRetry == Sample.start.advanced(by: .milliseconds(100)))
    }

    @Test mutating func `real servers that the kernel does not remove when they have drained are tried again later`()
        async
    {
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...3000)))
        await settle()
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: [1]))
        _ = changeToTheEnd()
        fake.ipvs.brokenAddresses = [Sample.vip(2)]
        #expect(changeToTheEnd(10) < 10)
        #expect(!reconciler.hasMore)
        fake.ipvs.brokenAddresses = []
        _ = changeToTheEnd(60)
        #expect(realServers(2) == 1)
    }

    @Test mutating func `a large virtual server that is refused as a whole waits`() async {
        await settle()
        fake.ipvs.brokenAddresses = [Sample.vip(2)]
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...3000)))
        #expect(changeToTheEnd() == 1)
        #expect(reconciler.refused.count == 1)
    }

    @Test mutating func `endpoints of a large virtual server drain in parts`() async {
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: Array(1...5000)))
        await settle()
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: [1]))
        let before = fake.ipvs.exchanges.count
        let passes = changeToTheEnd() + changeToTheEnd(10)
        #expect(passes > 20)
        #expect(realServers(2) == 1)
        #expect(fake.ipvs.exchanges[before...].allSatisfy { $0 <= 512 })
    }

    @Test mutating func `very many addresses are bound and unbound in parts, servers before and after them`() async {
        await settle()
        for number in 2...3000 as ClosedRange<UInt32> {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number))
        }
        _ = change()
        #expect(fake.ipvs.table.entries.count == 3000)
        #expect(fake.addresses.bound.count < 1500)
        #expect(changeToTheEnd() > 2)
        #expect(fake.addresses.bound.count == 3000)
        for number in 2...3000 as ClosedRange<UInt32> {
            reconciler.replaceContribution(of: number, with: Contribution())
        }
        _ = change()
        #expect(fake.addresses.bound.count > 1500)
        #expect(fake.ipvs.table.entries.count == 3000)
        _ = changeToTheEnd()
        #expect(fake.addresses.bound == [Sample.vip(1)])
        #expect(fake.ipvs.table.entries.count == 1)
    }
}
