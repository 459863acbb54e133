// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// The sets' keeper by itself.
struct SetKeeperTests {
    private let fake = FakeDataplane()
    private var keeper = SetKeeper(family: .v4)
    private var desired = DesiredState<UInt32>()
    private var touched = TouchedObjects()
    private static let name = ServiceSet.ipvsIPs.name(for: .v4)

    private static func entry(_ number: UInt32) -> IPSetEntry { .ip(Sample.vip(number)) }

    private var members: Set<IPSetEntry>? { fake.sets.sets[Self.name]?.members }

    private mutating func want(_ numbers: some Sequence<UInt32>, from owner: UInt32 = 0) {
        var contribution = Contribution()
        contribution.setEntries = numbers.map { SetMembership(.ipvsIPs, Self.entry($0)) }
        desired.replaceContribution(of: owner, with: contribution, touched: &touched)
    }

    private mutating func write(after delay: Duration = .zero) -> PassReport {
        var report = PassReport(family: .v4, mode: .changes)
        let now = Sample.start.advanced(by: delay)
        keeper.take(&touched.setEntries)
        keeper.beginPass(at: now)
        keeper.addWanted(desired, at: now, on: fake.sets, &report)
        keeper.removeUnwanted(desired, at: now, on: fake.sets, &report)
        return report
    }

    /// One step of a reading of all sets.
    private mutating func step(_ report: inout PassReport) async throws {
        keeper.take(&touched.setEntries)
        try await keeper.verifyNext(desired, at: Sample.start, on: fake.dataplane, rulesAreFree: true, &report)
    }

    private mutating func verify() async throws -> PassReport {
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying()
        while keeper.isVerifying { try await step(&report) }
        return report
    }

    @Test mutating func `what is wanted is added and what nobody wants any more removed`() async throws {
        want(1...3)
        #expect(try await verify().applied == [.set: ServiceSet.allCases.count, .setEntry: 3])
        want(2...5)
        #expect(keeper.hasWork == false)
        #expect(write().applied == [.setEntry: 3])
        #expect(members == Set((2...5).map(Self.entry)))
        #expect(write().wroteNothing)
        #expect(keeper.sizes.map(\.members).reduce(0, +) == 4)
    }

    @Test mutating func `a pass between two parts of a reading is neither undone nor drift`() async throws {
        fake.sets.readingsShowChanges = true
        want(1...10)
        _ = try await verify()
        var report = PassReport(family: .v4, mode: .verify)
        keeper.beginVerifying()
        while fake.sets.partlyRead != Self.name { try await step(&report) }
        // All go, the next part shows it, and they come back.
        want(11...14)
        #expect(write().applied == [.setEntry: 14])
        try await step(&report)
        want(1...10)
        #expect(write().applied == [.setEntry: 14])
        while keeper.isVerifying { try await step(&report) }
        #expect(report.wroteNothing && report.drift.isEmpty)
        #expect(members == Set((1...10).map(Self.entry)))
    }

    @Test mutating func `one set that cannot be read keeps its work, and the others are read`() async throws {
        want(1...3)
        _ = try await verify()
        let foreign = ObservedSet(name: ServiceSet.clusterIP.name(for: .v4), typeName: "list:set", references: 1)
        fake.sets.sets[foreign.name] = .init(definition: IPSetDefinition(.clusterIP, .v4), foreign: foreign)
        fake.sets.referenced = [foreign.name]
        fake.sets.sets[Self.name]?.members = [Self.entry(9)]
        let report = try await verify()
        #expect(report.failures.map(\.part) == [.ipset])
        #expect(report.drift == [.setEntry: 4])
        // What is too many goes in the second half of a pass.
        #expect(write().applied == [.setEntry: 1])
        #expect(members == Set((1...3).map(Self.entry)))
    }

    @Test mutating func `after an exchange that broke off nothing is written to its set until that has been read`()
        async throws
    {
        want(1...3)
        _ = try await verify()
        want(1...4)
        fake.sets.failNextApply()
        #expect(write().failures.map(\.part) == [.ipset])
        #expect(keeper.hasWork)
        want(1...5)
        #expect(write().wroteNothing)
        // Until the reading, names may come and go without end: none is kept.
        #expect(!keeper.hasWork)
        #expect(try await verify().applied == [.setEntry: 2])
        #expect(members == Set((1...5).map(Self.entry)))
    }

    @Test mutating func `a refused entry waits for its time, and its neighbours do not`() async throws {
        fake.sets.refusedEntries = [Self.entry(2)]
        want(1...3)
        #expect(try await verify().refusals.count == 1)
        #expect(members == [Self.entry(1), Self.entry(3)])
        #expect(keeper.refused.nextRetry == Sample.start.advanced(by: .milliseconds(100)))
        want(1...4)
        #expect(write().refusals.isEmpty)
        #expect(write(after: .milliseconds(100)).refusals.count == 1)
        fake.sets.refusedEntries = []
        #expect(write(after: .milliseconds(300)).applied == [.setEntry: 1])
        #expect(keeper.refused.isEmpty && !keeper.hasWork)
    }
}
