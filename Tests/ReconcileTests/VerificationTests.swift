// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Verifying passes that are left and resumed.
struct VerificationTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler(
        Dictionary(uniqueKeysWithValues: (1...10).map { ($0, Sample.contribution($0)) })
    )

    private mutating func settle() async {
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        reconciler.virtualServersPerReading = 2
    }

    /// Goes on until so many virtual servers have been read one by one, or the pass has ended.
    private mutating func verify(reading count: Int = .max) async -> PassReport? {
        let target = count == .max ? count : fake.ipvs.readCount + count
        while fake.ipvs.readCount < target {
            if let report = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) { return report }
            _ = await reconciler.keepRules(at: Sample.start, on: fake.rules)
        }
        return nil
    }

    private mutating func change() async -> PassReport {
        await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
    }

    @Test mutating func `no step reads more virtual servers than it may`() async throws {
        await settle()
        reconciler.beginVerifying()
        #expect(reconciler.isVerifying)
        var steps: [Int] = []
        var report: PassReport?
        while report == nil {
            let before = fake.ipvs.readCount
            report = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane)
            steps.append(fake.ipvs.readCount - before)
        }
        #expect(steps.max() == 2)
        #expect(steps.reduce(0, +) == 10)
        #expect(try #require(report).wroteNothing)
        #expect(!reconciler.isVerifying)
    }

    @Test mutating func `what passes write in between is neither drift nor undone`() async throws {
        await settle()
        reconciler.beginVerifying()
        #expect(await verify(reading: 4) == nil)
        // Some of them have been read, and some have not; one is new, and one comes back.
        for number: UInt32 in 1...8 {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number, endpoints: [2, 3]))
        }
        reconciler.replaceContribution(of: 9, with: Contribution())
        reconciler.replaceContribution(of: 10, with: Contribution())
        reconciler.replaceContribution(of: 11, with: Sample.contribution(11))
        var persistent = Sample.contribution(7)
        persistent.virtualServers[0].configuration.flags = [.persistent]
        reconciler.replaceContribution(of: 7, with: persistent)
        #expect(await change().isComplete)
        reconciler.replaceContribution(of: 10, with: Sample.contribution(10))
        #expect(await change().isComplete)
        fake.clearJournal()

        let report = try #require(await verify())
        #expect(report.wroteNothing)
        #expect(report.drift.isEmpty)
        #expect(fake.journal.isEmpty)
        let wanted = reconciler.desired.virtualServerIDs.sorted()
        #expect(fake.ipvs.table.entries.keys.sorted() == wanted)
        #expect(wanted.allSatisfy { fake.ipvs.table[$0] == reconciler.desired[$0] })
        #expect(!reconciler.hasWork(at: Sample.start))
    }

    @Test mutating func `drift is mended in the step that finds it`() async throws {
        await settle()
        for number: UInt32 in 1...10 { fake.ipvs.table[Sample.server(number)]?.realServers = [] }
        reconciler.beginVerifying()
        #expect(await verify(reading: 4) == nil)
        #expect(fake.ipvs.table.entries.values.count { !$0.realServers.isEmpty } == 4)
        let report = try #require(await verify())
        #expect(report.drift == [.virtualServer: 10])
        #expect(report.applied == [.realServer: 20])
    }

    @Test mutating func `a virtual server that the kernel does not list is asked for before it counts as gone`() async {
        await settle()
        fake.ipvs.unlisted = [Sample.server(3), Sample.server(5)]
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.wroteNothing)
        #expect(report.drift.isEmpty)

        fake.ipvs.table[Sample.server(3)] = nil
        let mended = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(mended.drift == [.virtualServer: 1])
        #expect(fake.ipvs.table[Sample.server(3)] == reconciler.desired[Sample.server(3)])
    }

    @Test mutating func `both families' passes share one listing`() async throws {
        await settle()
        var other = FamilyReconciler<UInt32>(
            family: .v6, ruleConfiguration: Sample.rules, gracefulTimeout: .seconds(900))
        let listings = fake.ipvs.listingCount
        let listing = VirtualServerListing()
        reconciler.beginVerifying(sharing: listing)
        other.beginVerifying(sharing: listing)
        #expect(try #require(await verify()).isComplete)
        var report: PassReport?
        while report == nil {
            report = await other.continueVerifying(at: Sample.start, on: fake.dataplane)
            _ = await other.keepRules(at: Sample.start, on: fake.rules)
        }
        #expect(fake.ipvs.listingCount == listings + 1)
        #expect(fake.ipvs.table.entries.count == 10)
    }

    @Test mutating func `a listing that another one interrupts begins anew and misses nothing`() async throws {
        await settle()
        for number: UInt32 in 40...60 {
            fake.ipvs.table[Sample.server(number)] = IPVSTable.Entry(configuration: Sample.configuration)
        }
        let listings = fake.ipvs.listingCount
        reconciler.beginVerifying()
        while fake.ipvs.listingCount == listings {
            #expect(await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) == nil)
        }
        var other = KernelReading<Void>()
        while try fake.ipvs.listVirtualServers(&other, { _ in }) == .more {}
        #expect(try #require(await verify()).drift == [.virtualServer: 21])
        #expect(fake.ipvs.table.entries.count == 10)
    }

    @Test mutating func `a pass that breaks off in between makes everything be read again`() async throws {
        await settle()
        reconciler.beginVerifying()
        #expect(await verify(reading: 4) == nil)
        for number: UInt32 in 1...8 {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number, endpoints: [3]))
        }
        fake.ipvs.failNextApply()
        #expect(await change().failures.map(\.part) == [.ipvs])
        let report = try #require(await verify())
        #expect(report.isComplete)
        #expect(
            reconciler.desired.virtualServerIDs.allSatisfy {
                fake.ipvs.table[$0]?.realServers == reconciler.desired[$0]?.realServers
            })
    }

    @Test mutating func `what is wanted while the first pass is under way is written by it, or by the next one`()
        async throws
    {
        reconciler.virtualServersPerReading = 2
        fake.ipvs.table[Sample.server(30)] = IPVSTable.Entry(configuration: Sample.configuration)
        reconciler.beginVerifying()
        #expect(await verify(reading: 4) == nil)
        for number: UInt32 in 8...20 {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number, endpoints: [7]))
        }
        let report = try #require(await verify())
        #expect(report.isComplete)
        #expect(report.drift.isEmpty)
        #expect(await change().isComplete)
        #expect(fake.ipvs.table.entries.count == 20)
        #expect(fake.ipvs.table[Sample.server(8)]?.realServers == [Sample.endpoint(7)])
        #expect(fake.addresses.bound == Set((1...20).map(Sample.vip)))
    }

    @Test mutating func `a refused virtual server is tried once in a verifying pass`() async throws {
        await settle()
        fake.ipvs.brokenAddresses = [Sample.vip(20)]
        reconciler.replaceContribution(of: 20, with: Sample.contribution(20))
        #expect(await change().refusals.count == 1)
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.refusals.count == 1)
        #expect(report.drift.isEmpty)
    }
}
