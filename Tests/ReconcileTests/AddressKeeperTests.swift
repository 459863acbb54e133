// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// The addresses' keeper by itself.
struct AddressKeeperTests {
    private let fake = FakeAddresses()
    private var keeper = AddressKeeper(family: .v4)
    private var desired = DesiredState<UInt32>()
    private var touched = TouchedObjects()

    private mutating func want(_ numbers: some Sequence<UInt32>) {
        var contribution = Contribution()
        contribution.addresses = numbers.map(Sample.vip)
        desired.replaceContribution(of: 0, with: contribution, touched: &touched)
    }

    private mutating func write(butFor unserved: Set<IPAddress> = []) -> PassReport {
        var report = PassReport(family: .v4, mode: .changes)
        let now = Sample.start
        keeper.take(&touched.addresses)
        keeper.beginPass(at: now)
        keeper.readIfSuspect(desired, on: fake, &report)
        keeper.bindWanted(desired, butFor: unserved, at: now, on: fake, &report)
        _ = keeper.unbindUnwanted(desired, at: now, on: fake, &report)
        return report
    }

    private mutating func step(_ report: inout PassReport) throws {
        keeper.take(&touched.addresses)
        try keeper.verifyNext(desired, at: Sample.start, on: fake, &report)
    }

    private mutating func verify() throws -> PassReport {
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying()
        while keeper.isVerifying { try step(&report) }
        return report
    }

    private func vips(_ numbers: ClosedRange<UInt32>) -> Set<IPAddress> { Set(numbers.map(Sample.vip)) }

    @Test mutating func `what is wanted is bound and what nobody wants any more unbound`() throws {
        want(1...3)
        #expect(try verify().applied == [.link: 1, .address: 3])
        want(2...5)
        #expect(write().applied == [.address: 3])
        #expect(fake.bound == vips(2...5))
        #expect(write().wroteNothing && !keeper.hasWork)
    }

    @Test mutating func `an address at which nothing would answer yet waits`() throws {
        _ = try verify()
        want(1...3)
        #expect(write(butFor: [Sample.vip(2)]).applied == [.address: 2])
        #expect(keeper.hasWork)
        #expect(write().applied == [.address: 1])
    }

    @Test mutating func `of very many addresses a pass binds some, and unbinds some`() throws {
        _ = try verify()
        want(1...3000)
        #expect(write().written == 1000)
        #expect(keeper.hasMore)
        var passes = 1
        while keeper.hasMore {
            _ = write()
            passes += 1
        }
        #expect(passes > 3)
        #expect(fake.bound == vips(1...3000))

        want(2999...3000)
        var report = PassReport(family: .v4, mode: .changes)
        keeper.take(&touched.addresses)
        #expect(!keeper.unbindUnwanted(desired, at: Sample.start, on: fake, &report))
        #expect(report.written < 2998)
    }

    @Test mutating func `a pass between two parts of a reading is neither undone nor drift`() throws {
        fake.noticesChanges = false
        fake.listingsShowChanges = true
        want(1...10)
        _ = try verify()
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying()
        while !fake.isPartlyListed { try step(&report) }
        // All go, the next part shows it, and they come back.
        want(11...14)
        #expect(write().applied == [.address: 14])
        try step(&report)
        want(1...10)
        #expect(write().applied == [.address: 14])
        while keeper.isVerifying { try step(&report) }
        #expect(report.wroteNothing && report.drift.isEmpty)
        #expect(fake.bound == vips(1...10))
    }

    @Test mutating func `word of an address that somebody removed has all of them read, once`() throws {
        want(1...3)
        _ = try verify()
        fake.bound.remove(Sample.vip(2))
        let isOtherwise = keeper.note(AddressEvents(dummyLink: [Sample.vip(2): false]), desired)
        #expect(isOtherwise && keeper.hasWork)
        let report = write()
        #expect(report.drift == [.address: 1] && report.applied == [.address: 1])
        #expect(!keeper.hasWork)
    }

    @Test mutating func `after an exchange that broke off nothing is bound until all has been read`() throws {
        want(1...3)
        _ = try verify()
        want(1...4)
        fake.failNextApply()
        #expect(write().failures.map(\.part) == [.addresses])
        want(1...5)
        #expect(write().wroteNothing)
        #expect(!keeper.hasWork)
        #expect(try verify().applied == [.address: 2])
        #expect(fake.bound == vips(1...5))
    }
}
