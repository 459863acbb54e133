// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// The virtual servers' keeper by itself.
struct VirtualServerKeeperTests {
    private let fake = FakeIPVS()
    private var keeper = VirtualServerKeeper(family: .v4, excludedNetworks: [], gracefulTimeout: .seconds(900))
    private var desired = DesiredState<UInt32>()
    private var touched = TouchedObjects()

    private mutating func want(_ numbers: some Sequence<UInt32>, endpoints: [UInt32] = [1, 2]) {
        for number in numbers {
            desired.replaceContribution(
                of: number, with: Sample.contribution(number, endpoints: endpoints), touched: &touched)
        }
    }

    private mutating func write(after delay: Duration = .zero) -> PassReport {
        var report = PassReport(family: .v4, mode: .changes)
        let now = Sample.start.advanced(by: delay)
        keeper.take(&touched.virtualServers)
        keeper.beginPass(at: now)
        keeper.writeWanted(desired, at: now, on: fake, &report)
        keeper.removeUnwanted(desired, at: now, on: fake, &report)
        keeper.endDrains(at: now, on: fake, &report)
        return report
    }

    private mutating func step(_ report: inout PassReport) throws {
        keeper.take(&touched.virtualServers)
        try keeper.verifyNext(desired, at: Sample.start, on: fake, &report)
    }

    private mutating func verify() throws -> PassReport {
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying(sharing: nil)
        while keeper.isVerifying { try step(&report) }
        return report
    }

    private func expectAllAsWanted() {
        #expect(fake.table.entries.count == desired.virtualServerIDs.count)
        #expect(desired.virtualServerIDs.allSatisfy { fake.table[$0] == desired[$0] })
    }

    @Test mutating func `what is wanted is added and what nobody wants any more removed`() throws {
        want(1...5)
        #expect(try verify().applied == [.virtualServer: 5, .realServer: 10])
        want(6...7)
        desired.replaceContribution(of: 1, with: Contribution(), touched: &touched)
        #expect(write().applied == [.virtualServer: 3, .realServer: 4])
        expectAllAsWanted()
        #expect(write().wroteNothing && !keeper.hasWork)
    }

    @Test mutating func `a TCP endpoint that goes drains, and is removed once it has no connections`() throws {
        want(1...1)
        _ = try verify()
        fake.connections[Sample.endpoint(2).id] = 3
        want(1...1, endpoints: [1])
        #expect(write().applied == [.realServer: 1])
        #expect(keeper.drainingCount == 1)
        #expect(fake.table[Sample.server(1)]?.realServers.map(\.weight) == [1, 0])
        #expect(try verify().wroteNothing)
        fake.connections = [:]
        #expect(write(after: DrainList.pollInterval).applied == [.realServer: 1])
        #expect(keeper.drainingCount == 0 && keeper.nextDrainPoll == nil)
        expectAllAsWanted()
    }

    @Test(arguments: 1...6)
    mutating func `a pass between two parts of a reading is neither undone nor drift`(parts: Int) throws {
        keeper.virtualServersPerReading = 2
        want(1...12)
        _ = try verify()
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying(sharing: nil)
        for _ in 0..<parts { try step(&report) }
        want(4...15, endpoints: [3])
        // Others than they were when they were listed.
        for number: UInt32 in 6...9 {
            var contribution = Sample.contribution(number, endpoints: [3])
            contribution.virtualServers[0].configuration.scheduler = .maglevHashing
            desired.replaceContribution(of: number, with: contribution, touched: &touched)
        }
        for number: UInt32 in [1, 12] {
            desired.replaceContribution(of: number, with: Contribution(), touched: &touched)
        }
        _ = write()
        while keeper.isVerifying { try step(&report) }
        #expect(report.wroteNothing && report.drift.isEmpty)
        #expect(!keeper.hasWork)
        expectAllAsWanted()
    }

    @Test mutating func `what somebody changed is mended and counted`() throws {
        want(1...5)
        _ = try verify()
        fake.table[Sample.server(2)] = nil
        fake.table[Sample.server(9)] = IPVSTable.Entry(configuration: Sample.configuration)
        let report = try verify()
        #expect(report.drift == [.virtualServer: 2])
        #expect(write().applied == [.virtualServer: 1])
        expectAllAsWanted()
    }

    @Test mutating func `after an exchange that broke off in the middle of a reading all is read anew`() throws {
        keeper.virtualServersPerReading = 2
        want(1...12)
        _ = try verify()
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying(sharing: nil)
        while fake.readCount < 4 { try step(&report) }
        want(1...12, endpoints: [3])
        fake.failNextApply()
        #expect(write().failures.map(\.part) == [.ipvs])
        // Nothing is written to a table that is not known.
        #expect(write().wroteNothing)
        while keeper.isVerifying { try step(&report) }
        #expect(report.failures.isEmpty && !keeper.hasWork)
        let endpoint = Sample.endpoint(3)
        #expect(desired.virtualServerIDs.allSatisfy { fake.table[$0]?.realServers.contains(endpoint) == true })
    }

    @Test mutating func `addresses of virtual servers for which there was no time wait`() throws {
        _ = try verify()
        want(1...1, endpoints: Array(1...3000))
        want(2...2, endpoints: Array(1...3000))
        #expect(write().written > 0)
        #expect(keeper.hasMore)
        #expect(keeper.unservedAddresses == [Sample.vip(2)])
        while keeper.hasMore { _ = write() }
        #expect(keeper.unservedAddresses.isEmpty)
        expectAllAsWanted()
    }
}
