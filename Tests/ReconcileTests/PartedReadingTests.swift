// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Verifying passes that are left while a set or the addresses are half read.
struct PartedReadingTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler(
        Dictionary(uniqueKeysWithValues: (1...10).map { ($0, Sample.contribution($0)) })
    )
    private static let set = ServiceSet.clusterIP.name(for: .v4)

    private mutating func settle() async {
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        reconciler.beginVerifying()
    }

    private mutating func step() async -> PassReport? {
        await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane)
    }

    private mutating func verify() async -> PassReport {
        while true {
            if let report = await step() { return report }
        }
    }

    /// Steps until a part of the set has been read, and not all of it.
    private mutating func readPartOfSet() async {
        while fake.sets.partlyRead != Self.set { #expect(await step() == nil) }
    }

    private mutating func readPartOfAddresses() async {
        while !fake.addresses.isPartlyListed { #expect(await step() == nil) }
    }

    private mutating func change() async -> PassReport {
        await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
    }

    /// Some go, some come, some go and come back, and some come and go again. Reads on for so many steps in the middle.
    private mutating func changeVirtualIPs(steps: Int = 0) async {
        for number: UInt32 in [1, 4, 7, 10] { reconciler.replaceContribution(of: number, with: Contribution()) }
        for number: UInt32 in 11...20 {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number))
        }
        #expect(await change().isComplete)
        for _ in 0..<steps { #expect(await step() == nil) }
        for number: UInt32 in [4, 10] {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number))
        }
        for number: UInt32 in 15...20 { reconciler.replaceContribution(of: number, with: Contribution()) }
        #expect(await change().isComplete)
    }

    private func entry(_ number: UInt32) -> IPSetEntry { .ipPort(Sample.vip(number), .tcp, 80) }

    private func expectAllAsDesired() {
        let wanted: [UInt32] = [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]
        #expect(fake.sets.sets[Self.set]?.members == Set(wanted.map(entry)))
        #expect(fake.addresses.bound == Set(wanted.map(Sample.vip)))
        #expect(!reconciler.hasWork(at: Sample.start))
    }

    /// The pass that is under way finds what `changeVirtualIPs` leaves, and nothing to mend.
    private mutating func expectToFindAllAsDesired() async {
        fake.clearJournal()
        let report = await verify()
        #expect(report.wroteNothing)
        #expect(report.drift.isEmpty)
        #expect(fake.journal.isEmpty)
        expectAllAsDesired()
    }

    // MARK: Sets

    @Test(arguments: [true, false], 0...4)
    mutating func `what passes write to a set that is half read is neither drift nor undone`(
        readingShowsIt: Bool,
        parts: Int
    ) async {
        fake.sets.readingsShowChanges = readingShowsIt
        fake.sets.membersPerPart = 1
        await settle()
        await readPartOfSet()
        for _ in 0..<parts where fake.sets.partlyRead != nil { #expect(await step() == nil) }
        await changeVirtualIPs(steps: 2)
        await expectToFindAllAsDesired()
    }

    @Test mutating func `members that somebody removed and added are mended and counted`() async {
        await settle()
        fake.sets.sets[Self.set]?.members.subtract([entry(2), entry(3)])
        fake.sets.sets[Self.set]?.members.formUnion([entry(90), entry(91), entry(92)])
        await readPartOfSet()
        await changeVirtualIPs()
        let report = await verify()
        #expect(report.drift == [.setEntry: 5])
        #expect(report.applied == [.setEntry: 5])
        expectAllAsDesired()
    }

    @Test mutating func `what somebody did that was to be done anyway is no drift`() async {
        await settle()
        await readPartOfSet()
        // Nothing has been written of these when somebody else writes them.
        reconciler.replaceContribution(of: 1, with: Contribution())
        reconciler.replaceContribution(of: 11, with: Sample.contribution(11))
        fake.sets.sets[Self.set]?.members.remove(entry(1))
        fake.sets.sets[Self.set]?.members.insert(entry(11))
        reconciler.beginVerifying()
        #expect(await verify().drift.isEmpty)
        #expect(await change().isComplete)
        #expect(fake.sets.sets[Self.set]?.members == Set((2...11).map(entry)))
    }

    @Test mutating func `a set that is replaced by a larger one is read from its beginning`() async {
        fake.sets.sets[Self.set] = FakeIPSet.Contents(
            definition: IPSetDefinition(.clusterIP, .v4, maximumElements: 11))
        await settle()
        await readPartOfSet()
        await changeVirtualIPs()
        #expect(fake.sets.sets[Self.set]?.definition.maximumElements == 22)
        await expectToFindAllAsDesired()
    }

    @Test mutating func `a set that another reading interrupts is read from its beginning`() async throws {
        await settle()
        await readPartOfSet()
        _ = try fake.sets.contents(ofSetNamed: Self.set)
        fake.sets.sets[Self.set]?.members.remove(entry(5))
        #expect(await verify().drift == [.setEntry: 1])
        #expect(fake.sets.sets[Self.set]?.members.contains(entry(5)) == true)
    }

    @Test mutating func `a set that is gone is made again with all its members`() async {
        await settle()
        fake.sets.sets[Self.set] = nil
        let report = await verify()
        #expect(report.drift == [.set: 1, .setEntry: 10])
        #expect(fake.sets.sets[Self.set]?.members == Set((1...10).map(entry)))
    }

    @Test mutating func `a set that a pass lost track of is read as if nothing were known of it`() async {
        await settle()
        await readPartOfSet()
        reconciler.replaceContribution(of: 11, with: Sample.contribution(11))
        fake.sets.failNextApply()
        #expect(await change().failures.map(\.part) == [.ipset])
        fake.sets.sets[Self.set]?.members.remove(entry(5))
        let report = await verify()
        #expect(report.isComplete)
        // The new one's two, and the one that somebody removed.
        #expect(report.applied[.setEntry] == 3)
        #expect(fake.sets.sets[Self.set]?.members == Set((1...11).map(entry)))
    }

    // MARK: Addresses

    @Test(arguments: [true, false], 0...4)
    mutating func `what passes bind and unbind while addresses are half read is neither drift nor undone`(
        listingShowsIt: Bool,
        parts: Int
    ) async {
        fake.addresses.noticesChanges = false
        fake.addresses.addressesPerPart = 1
        fake.addresses.listingsShowChanges = listingShowsIt
        await settle()
        await readPartOfAddresses()
        for _ in 0..<parts { #expect(await step() == nil) }
        await changeVirtualIPs(steps: 2)
        await expectToFindAllAsDesired()
    }

    @Test mutating func `a listing that the kernel breaks off, as addresses have changed, begins anew`() async {
        await settle()
        await readPartOfAddresses()
        await changeVirtualIPs()
        await expectToFindAllAsDesired()
    }

    @Test mutating func `addresses that change after each part are read all the same`() async {
        await settle()
        var next: UInt32 = 20
        var report: PassReport?
        var parts = 0
        while report == nil {
            report = await step()
            guard fake.addresses.isPartlyListed else { continue }
            parts += 1
            reconciler.replaceContribution(of: next, with: Sample.contribution(next))
            #expect(await change().isComplete)
            next += 1
        }
        #expect(parts > 1)
        #expect(report?.isComplete == true)
        #expect(report?.drift.isEmpty == true)
        #expect(fake.addresses.bound == Set(reconciler.desired.addresses))
    }

    @Test mutating func `word of a stranger's address while they are half read has them read anew`() async {
        await settle()
        await readPartOfAddresses()
        fake.addresses.bound.insert(Sample.vip(99))
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [Sample.vip(99): true]))
        #expect(isSuspect)
        let report = await change()
        #expect(report.drift == [.address: 1])
        #expect(fake.addresses.bound == Set((1...10).map(Sample.vip)))
        #expect(await verify().drift.isEmpty)
    }

    @Test mutating func `addresses that a pass lost track of are read as if none were known`() async {
        fake.addresses.noticesChanges = false
        await settle()
        await readPartOfAddresses()
        reconciler.replaceContribution(of: 11, with: Sample.contribution(11))
        fake.addresses.failNextApply()
        #expect(await change().failures.map(\.part) == [.addresses])
        fake.addresses.bound.remove(Sample.vip(5))
        let report = await verify()
        #expect(report.isComplete)
        #expect(report.applied[.address] == 2)
        #expect(fake.addresses.bound == Set((1...11).map(Sample.vip)))
    }
}
