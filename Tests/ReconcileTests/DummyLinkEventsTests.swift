// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Word of changes to the dummy link's addresses, most of which are the daemon's own.
struct DummyLinkEventsTests {
    private let fake = FakeDataplane()

    private func reconciled() async -> FamilyReconciler<UInt32> {
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        return reconciler
    }

    @Test func `an address that somebody removed is bound again by the next pass, which reads addresses alone`() async {
        var reconciler = await reconciled()
        let before = (fake.ipvs.listingCount, fake.ipvs.readCount)
        fake.addresses.bound.remove(Sample.vip(1))

        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [Sample.vip(1): false]))
        #expect(isSuspect)
        #expect(reconciler.hasWork(at: Sample.start))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.drift == [.address: 1])
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
        let after = (fake.ipvs.listingCount, fake.ipvs.readCount)
        #expect(after == before)
        #expect(!reconciler.hasWork(at: Sample.start))
    }

    @Test func `an address that somebody added is unbound`() async {
        var reconciler = await reconciled()
        fake.addresses.bound.insert(Sample.vip(9))
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [Sample.vip(9): true]))
        #expect(isSuspect)
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.drift == [.address: 1])
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
    }

    @Test func `a link that somebody removed comes back with all its addresses`() async {
        var reconciler = await reconciled()
        fake.addresses.hasLink = false
        fake.addresses.bound = []
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(virtualIPsAreUnknown: true))
        #expect(isSuspect)
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.drift == [.link: 1, .address: 2])
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
    }

    @Test func `word of what the daemon wrote makes no work`() async throws {
        var reconciler = await reconciled()
        let own = AddressEvents(dummyLink: [Sample.vip(1): true, Sample.vip(2): true, Sample.vip(3): false])
        let isSuspect = reconciler.noteVirtualIPs(own)
        #expect(!isSuspect)
        #expect(!reconciler.hasWork(at: Sample.start))
    }

    @Test func `word of what is about to be written makes no work of its own`() async {
        var reconciler = await reconciled()
        reconciler.replaceContribution(of: 2, with: Contribution())
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [Sample.vip(2): true]))
        #expect(!isSuspect)
    }

    @Test func `word that turns out stale is no drift`() async {
        var reconciler = await reconciled()
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [Sample.vip(1): false]))
        #expect(isSuspect)
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.drift.isEmpty)
        #expect(report.wroteNothing)
    }

    @Test func `addresses of the other family, loopback and link-local ones are nobody's business`() async throws {
        var reconciler = await reconciled()
        let others: [IPAddress] = [IPAddress(v4: 0x7f00_0001), IPAddress(high: 0xfd00 << 48, low: 1)]
        let isSuspect = reconciler.noteVirtualIPs(
            AddressEvents(dummyLink: Dictionary(uniqueKeysWithValues: others.map { ($0, true) })))
        #expect(!isSuspect)
    }

    @Test func `before the first pass nothing is known, and nothing suspect`() {
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(virtualIPsAreUnknown: true))
        #expect(!isSuspect)
    }
}
