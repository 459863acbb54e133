// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

struct FamilyReconcilerTests {
    @Test func `the first pass brings an empty kernel to the desired state`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)

        #expect(report.isComplete)
        #expect(report.drift.isEmpty)
        #expect(fake.ipvs.table[Sample.server(1)]?.realServers == [Sample.endpoint(1), Sample.endpoint(2)])
        #expect(fake.sets.sets["KUBE-CLUSTER-IP"]?.members == [.ipPort(Sample.vip(1), .tcp, 80)])
        #expect(fake.sets.sets.count == ServiceSet.allCases.count)
        #expect(fake.addresses.bound == [Sample.vip(1)])
        #expect(fake.rules.restoreCount == 1)
        #expect(!reconciler.hasWork(at: Sample.start))
    }

    @Test func `a verifying pass reports the counters of what is wanted, where that is asked for`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        let first = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(first.statistics == nil)
        fake.ipvs.table.apply(.addVirtualServer(Sample.server(9), Sample.configuration))
        reconciler.collectsStatistics = true
        let second = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(second.statistics?.keys.sorted() == [Sample.server(1), Sample.server(2)])
        let third = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(third.statistics == nil)
    }

    @Test func `sizes are those of what is wanted, and of the sets as they are`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([
            1: Sample.contribution(1), 2: Sample.contribution(2, endpoints: [1, 2, 3]),
        ])
        #expect(reconciler.sizes == FamilySizes(virtualServers: 2, realServers: 5, sets: []))
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        let sizes = reconciler.sizes
        #expect(sizes.sets.count == ServiceSet.allCases.count)
        #expect(sizes.sets.contains(FamilySizes.SetSize(name: "KUBE-CLUSTER-IP", members: 2, capacity: 65_536)))
        #expect(sizes.sets.contains(FamilySizes.SetSize(name: "KUBE-NODE-PORT-TCP", members: 0, capacity: 65_536)))
    }

    @Test func `what is added comes in the order sets, rules, virtual server, real servers, address`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1, endpoints: [1])])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        let kinds = fake.journal.filter { !$0.contains("create") }.map { $0.prefix { $0 != " " } }
        #expect(kinds == ["ipset", "ipset", "rules", "ipvs", "ipvs", "address"])
    }

    @Test func `what is removed goes in the order address, virtual server, sets`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1, endpoints: [1])])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        reconciler.replaceContribution(of: 1, with: Contribution())
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(fake.journal.map { $0.prefix { $0 != " " } } == ["address", "ipvs", "ipset", "ipset"])
        #expect(fake.ipvs.table.entries.isEmpty)
        #expect(fake.addresses.bound.isEmpty)
    }

    @Test func `an address that the node could choose as a source is bound again, once, and no other`() async {
        let fake = FakeDataplane()
        fake.addresses.hasLink = true
        fake.addresses.bound = [Sample.vip(1), Sample.vip(2), Sample.vip(9)]
        fake.addresses.selectable = [Sample.vip(1), Sample.vip(9)]
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        let changes: [AddressChange] = [.bind(Sample.vip(1)), .unbind(Sample.vip(9))]
        #expect(fake.journal.filter { $0.hasPrefix("address ") } == changes.map { "address \($0)" })
        let again = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(again.wroteNothing)
    }

    @Test func `a second pass with nothing changed writes nothing`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.wroteNothing)
        #expect(report.isComplete)
        #expect(fake.journal.isEmpty)
    }

    @Test(arguments: [true, false])
    func `rules that the kernel knows to be unchanged are not listed again`(kernelTells: Bool) async {
        let fake = FakeDataplane()
        fake.rules.hasFingerprint = kernelTells
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        let saves = fake.rules.saveCount
        for _ in 0..<3 { _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane) }
        #expect(fake.rules.saveCount - saves == (kernelTells ? 0 : 3))

        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.drift == [.rules: 1])
        let restores = fake.rules.restoreCount
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(fake.rules.restoreCount == restores)
    }

    @Test func `a changed endpoint costs its own change, and a look at the connections of the one that left`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        let (listings, reads, saves) = (fake.ipvs.listingCount, fake.ipvs.readCount, fake.rules.saveCount)

        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2, 3]))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.applied == [.realServer: 3])
        #expect(fake.journal.count == 3)
        #expect(fake.ipvs.listingCount == listings)
        #expect(fake.ipvs.readCount == reads + 1)
        #expect(fake.rules.saveCount == saves)
    }

    @Test func `what the last daemon left is adopted and what is stale goes`() async {
        let fake = FakeDataplane()
        fake.addresses.hasLink = true
        fake.addresses.bound = [Sample.vip(1), Sample.vip(9)]
        fake.ipvs.table[Sample.server(1)] = IPVSTable.Entry(
            configuration: Sample.configuration,
            realServers: [Sample.endpoint(1)]
        )
        fake.ipvs.table[Sample.server(9)] = IPVSTable.Entry(configuration: Sample.configuration)
        let stale = IPSetEntry.ipPort(Sample.vip(9), .tcp, 80)
        let definition = IPSetDefinition(.clusterIP, .v4)
        fake.sets.sets[definition.name] = .init(definition: definition, members: [stale])

        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(report.drift.isEmpty, "what is left over from before is not drift")
        #expect(
            fake.ipvs.applied == [
                .addRealServer(Sample.endpoint(2), to: Sample.server(1)), .removeVirtualServer(Sample.server(9)),
            ])
        #expect(fake.addresses.bound == [Sample.vip(1)])
        #expect(fake.sets.sets[definition.name]?.members == [.ipPort(Sample.vip(1), .tcp, 80)])
    }

    @Test func `a virtual server inside an excluded network is never touched`() async throws {
        let fake = FakeDataplane()
        fake.ipvs.table[Sample.server(9)] = IPVSTable.Entry(configuration: Sample.configuration)
        fake.ipvs.firewallMarks = [7]
        let network = IPPrefix(host: Sample.vip(9))
        var reconciler = Sample.reconciler([1: Sample.contribution(1)], excluding: [network])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(fake.ipvs.table[Sample.server(9)] != nil)
    }

    @Test func `the other family's virtual servers and addresses are left alone`() async {
        let fake = FakeDataplane()
        let v6 = IPAddress(high: 0xfd00 << 48, low: 1)
        let server = VirtualServer.ID(address: v6, port: 80, transport: .tcp)
        fake.ipvs.table[server] = IPVSTable.Entry(configuration: Sample.configuration)
        fake.addresses.hasLink = true
        fake.addresses.bound = [v6]
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(fake.ipvs.table[server] != nil)
        #expect(fake.addresses.bound.contains(v6))
    }

    @Test func `drift is mended at the next verifying pass and counted by kind`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)

        fake.ipvs.table[Sample.server(1)]?.realServers = []
        fake.ipvs.table[Sample.server(7)] = IPVSTable.Entry(configuration: Sample.configuration)
        fake.addresses.bound = [Sample.vip(2), Sample.vip(8), Sample.vip(9)]
        fake.sets.sets["KUBE-CLUSTER-IP"]?.members = []
        fake.rules.removeRules(containing: "-j KUBE-MARK-MASQ", .v4)

        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(report.drift == [.virtualServer: 2, .address: 3, .setEntry: 2, .rules: 1])
        let next = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(next.wroteNothing)
    }

    @Test func `a refused virtual server does not stop its neighbours and is tried again`() async {
        let fake = FakeDataplane()
        fake.ipvs.brokenAddresses = [Sample.vip(1)]
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(!report.isComplete)
        #expect(report.refusals.count == 1, "its real servers were refused for that alone")
        #expect(fake.ipvs.table[Sample.server(2)]?.realServers.count == 2)

        fake.ipvs.brokenAddresses = []
        let retry = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(retry.isComplete)
        #expect(retry.drift.isEmpty, "what was refused before is not drift")
        #expect(fake.ipvs.table[Sample.server(1)]?.realServers.count == 2)
    }

    @Test func `a broken exchange is followed by a fresh look at the kernel`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler()
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        for number in 1...20 as ClosedRange<UInt32> {
            reconciler.replaceContribution(of: number, with: Sample.contribution(number))
        }
        fake.ipvs.failNextApply()
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.failures.map(\.part) == [.ipvs])
        let retry = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(retry.isComplete)
        #expect(fake.ipvs.table.entries.count == 20)
    }

    @Test func `broken rules leave everything else in place and are reported`() async {
        let fake = FakeDataplane()
        fake.rules.brokenFamilies = [.v4]
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.failures.map(\.part) == [.rules])
        #expect(fake.ipvs.table[Sample.server(1)] != nil)
        fake.rules.brokenFamilies = []
        let later = Sample.start.advanced(by: .milliseconds(100))
        let retry = await reconciler.pass(.verify, at: later, on: fake.dataplane)
        #expect(retry.isComplete)
        #expect(fake.rules.restoreCount == 1)
    }

    @Test func `a refused address is reported with its reason`() async throws {
        let fake = FakeDataplane()
        fake.addresses.brokenAddresses = [Sample.vip(1)]
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        let refusal = try #require(report.refusals.first)
        #expect(refusal.kind == .address)
        #expect(refusal.error.number == 22)
        #expect(fake.addresses.bound == [Sample.vip(2)])
    }

    @Test func `a set that is too small is replaced by a larger one before anything is refused`() async {
        let fake = FakeDataplane()
        let small = IPSetDefinition(.clusterIP, .v4, maximumElements: 4)
        fake.sets.sets[small.name] = .init(definition: small)
        fake.sets.referenced = [small.name]
        var reconciler = Sample.reconciler(
            Dictionary(uniqueKeysWithValues: (1...9).map { ($0, Sample.contribution($0)) })
        )
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(fake.sets.sets[small.name]?.members.count == 9)
        #expect(fake.sets.sets[small.name]?.definition.maximumElements == 16)
        #expect(fake.sets.sets.count == ServiceSet.allCases.count, "the set it was filled in is gone")
    }

    @Test func `a VIP that is closed to the node changes the rules without a verifying pass`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler()
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        var contribution = Sample.contribution(1)
        contribution.serversClosedToNode = [Sample.server(1)]
        reconciler.replaceContribution(of: 1, with: contribution)
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.applied[.rules] == 1)
        #expect(fake.rules.restoreCount == 2)
    }
}
