// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Addresses of the dummy link that are not bound as the daemon binds them, and such as no listing should leave out.
struct ForeignAddressTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])

    private mutating func verify() async -> PassReport {
        await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
    }

    @Test mutating func `an address that nobody wants is removed whatever its prefix length, and counted once`() async {
        _ = await verify()
        fake.addresses.strays = [BoundAddress(Sample.vip(99), prefixLength: 24)]
        let report = await verify()
        #expect(report.isComplete)
        #expect(report.drift == [.address: 1])
        #expect(report.applied == [.address: 1])
        #expect(fake.addresses.strays.isEmpty)
        let next = await verify()
        #expect(next.wroteNothing)
        #expect(next.drift.isEmpty)
    }

    @Test mutating func `an address that is wanted is bound beside the foreign one before that goes`() async {
        fake.addresses.hasLink = true
        fake.addresses.strays = [BoundAddress(Sample.vip(1), prefixLength: 24)]
        let report = await verify()
        #expect(report.isComplete)
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
        #expect(fake.addresses.strays.isEmpty)
        let changes = fake.journal.filter { $0.hasPrefix("address ") }
        #expect(
            changes == [
                "address bind 10.96.0.1", "address remove 10.96.0.1/24", "address bind 10.96.0.1",
                "address bind 10.96.0.2",
            ])
        let next = await verify()
        #expect(next.wroteNothing)
    }

    @Test mutating func `an address that goes along with a foreign one comes back in the same pass`() async {
        _ = await verify()
        fake.addresses.strays = [BoundAddress(Sample.vip(99), peer: Sample.vip(2))]
        let report = await verify()
        #expect(report.isComplete)
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
        #expect(fake.addresses.strays.isEmpty)
    }

    @Test func `an IPv6 address with another prefix length is removed before it is bound`() async throws {
        let vip = try #require(IPAddress("fd00:10::1"))
        var contribution = Contribution()
        contribution.addresses = [vip]
        var reconciler = FamilyReconciler<UInt32>(
            family: .v6, ruleConfiguration: Sample.rules, gracefulTimeout: .seconds(900))
        reconciler.replaceContribution(of: 1, with: contribution)
        fake.addresses.hasLink = true
        let mapped = BoundAddress(Sample.vip(1), in: .v6)
        fake.addresses.strays = [BoundAddress(vip, prefixLength: 64), mapped]
        #expect("\(mapped)" == "::ffff:10.96.0.1/128")
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(fake.addresses.bound == [vip])
        #expect(fake.addresses.strays.isEmpty)
    }

    @Test mutating func `a foreign address that the kernel keeps is refused by name and not counted as removed`()
        async throws
    {
        _ = await verify()
        fake.addresses.strays = [BoundAddress(Sample.vip(99), prefixLength: 24)]
        fake.addresses.brokenAddresses = [Sample.vip(99)]
        let report = await verify()
        #expect(report.applied.isEmpty)
        #expect(report.refusals.map(\.attempt) == ["remove 10.96.0.99/24"])
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
    }

    @Test(arguments: ["127.0.0.5", "127.255.255.254"])
    mutating func `a loopback address as virtual IP is bound once, kept, and unbound`(text: String) async throws {
        let vip = try #require(IPAddress(text))
        var contribution = Sample.contribution(3)
        contribution.addresses = [vip]
        reconciler.replaceContribution(of: 3, with: contribution)
        #expect(await verify().isComplete)
        #expect(fake.addresses.bound.contains(vip))
        let next = await verify()
        #expect(next.wroteNothing)
        #expect(next.drift.isEmpty)

        // Somebody takes it away.
        fake.addresses.bound.remove(vip)
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [vip: false]))
        #expect(isSuspect)
        let repair = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(repair.drift == [.address: 1])
        #expect(fake.addresses.bound.contains(vip))

        // The kernel does not let it go in the first pass.
        reconciler.replaceContribution(of: 3, with: Contribution())
        fake.addresses.brokenAddresses = [vip]
        #expect(await !verify().isComplete)
        fake.addresses.brokenAddresses = []
        #expect(await verify().isComplete)
        #expect(!fake.addresses.bound.contains(vip))
    }

    @Test func `a link-local address as virtual IP is bound once, and one that the kernel made stays`() async throws {
        let (vip, ofKernel) = (try #require(IPAddress("fe80::5")), try #require(IPAddress("fe80::1:2")))
        var contribution = Contribution()
        contribution.addresses = [vip]
        var reconciler = FamilyReconciler<UInt32>(
            family: .v6, ruleConfiguration: Sample.rules, gracefulTimeout: .seconds(900))
        reconciler.replaceContribution(of: 1, with: contribution)
        fake.addresses.hasLink = true
        fake.addresses.strays = [BoundAddress(ofKernel, prefixLength: 64, isSelectable: true)]
        #expect(await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane).isComplete)
        #expect(fake.addresses.bound == [vip])
        #expect(fake.addresses.strays.count == 1)
        #expect(await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane).wroteNothing)
    }

    @Test mutating func `many foreign addresses are removed in steps`() async {
        _ = await verify()
        for number in 0..<1_000 as Range<UInt32> {
            fake.addresses.strays.insert(BoundAddress(IPAddress(v4: 0x0909_0000 + number), prefixLength: 24))
        }
        fake.addresses.addressesPerPart = 500
        reconciler.beginVerifying()
        var most = 0
        var report: PassReport?
        while report == nil {
            let before = fake.addresses.strays.count
            report = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane)
            most = max(most, before - fake.addresses.strays.count)
        }
        #expect(report?.applied == [.address: 1_000])
        #expect(most < 500)
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
    }
}
