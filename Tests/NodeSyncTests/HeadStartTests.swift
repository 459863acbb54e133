// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import Testing

/// What the daemon does while its lists are on their way, and how the first pass goes on from there.
struct HeadStartTests {
    private let clock = ManualClock()
    private let fake = FakeDataplane()
    private let reports = PassReports()

    private static func updates(_ services: ClosedRange<Int>) -> [ObjectUpdate] {
        services.flatMap { [.service(Sample.service($0)), .slice(Sample.slice($0, endpoints: [1, 2]))] }
    }

    /// Leaves in the kernel what a daemon with so many Services has written.
    private func precede(services: Int) async {
        let node = Sample.node(clock)
        node.apply(Self.updates(1...services))
        await node.settle(on: fake.dataplane, telling: PassReports())
        fake.clearJournal()
    }

    private func getAhead(_ node: NodeReconciler, writesRules: Bool = true, steps: Int = .max) async {
        var made = 0
        while made < steps {
            made += 1
            let step = node.getAhead(on: fake.dataplane, writesRules: writesRules)
            for var work in step.rules {
                await work.run(on: fake.dataplane.rules)
                node.takeBack(work, took: .zero)
            }
            if step.rules.isEmpty, step.next != .atOnce { return }
        }
    }

    private var servers: Set<VirtualServer.ID> { Set(fake.ipvs.table.entries.keys) }

    private func server(_ number: Int) -> VirtualServer.ID {
        VirtualServer.ID(address: Sample.service(number).clusterIPs[0], port: 80, transport: .tcp)
    }

    @Test func `while lists are on their way, sets are made, rules are written and the kernel is read`() async {
        let node = Sample.node(clock)
        await getAhead(node)
        let written = fake.journal.map { $0.prefix(12) }
        #expect(Set(written) == ["ipset create", "rules IPv4", "rules IPv6"])
        #expect(written.count == 2 * ServiceSet.allCases.count + 2)
        #expect(fake.ipvs.listingCount == 1)
        let step = node.getAhead(on: fake.dataplane, writesRules: true)
        #expect(step.next == .whenTold)
    }

    @Test func `the first pass adopts what was read, and reads no virtual server and lists no rule again`() async {
        await precede(services: 30)
        let node = Sample.node(clock)
        await getAhead(node)
        let read = fake.ipvs.readCount
        let listed = fake.rules.saveCount
        node.apply(Self.updates(1...30))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.ipvs.readCount == read)
        #expect(fake.ipvs.listingCount == 2)
        #expect(fake.rules.saveCount == listed)
        #expect(fake.journal == [])
        #expect(reports.all.allSatisfy { $0.isComplete && $0.wroteNothing && $0.drift.isEmpty })
        #expect(node.families.map(\.hasEndedVerifying) == [true, true])
    }

    @Test func `the first pass counts what was written before it`() async {
        let node = Sample.node(clock, families: [.v4])
        await getAhead(node)
        await node.settle(on: fake.dataplane, telling: reports)
        let first = reports.all.first { $0.mode == .verify }
        #expect(first?.applied[.set] == ServiceSet.allCases.count)
        #expect(first?.applied[.rules] == 1)
    }

    @Test func `before the objects are complete nothing is removed, and the first pass removes what has gone`() async {
        await precede(services: 30)
        let node = Sample.node(clock)
        node.apply(Self.updates(1...3))
        await getAhead(node)
        #expect(fake.journal == [])
        node.apply(Self.updates(4...29))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(servers == Set((1...29).map(server)))
        #expect(fake.addresses.bound.count == 29)
        #expect(reports.all.allSatisfy { $0.isComplete && $0.drift.isEmpty })
    }

    @Test(arguments: [1, 2, 3, 4, 5, 8, 9, 13]) func `objects may come after any step of it`(steps: Int) async {
        await precede(services: 20)
        fake.ipvs.table[server(3)]?.realServers.removeFirst()
        let node = Sample.node(clock)
        node.setVirtualServersPerReading(4)
        await getAhead(node, steps: steps)
        node.apply(Self.updates(2...25))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(servers == Set((2...25).map(server)))
        #expect(fake.ipvs.table.entries.values.allSatisfy { $0.realServers.count == 2 })
        #expect(reports.all.allSatisfy { $0.isComplete && $0.drift.isEmpty })
    }

    @Test func `a virtual server that goes between its listing and its reading is made by the first pass`() async {
        await precede(services: 10)
        fake.ipvs.serversPerPart = 10
        let node = Sample.node(clock)
        node.setVirtualServersPerReading(1)
        // Both families' sets, the listing.
        await getAhead(node, steps: 2)
        while fake.ipvs.readCount == 0 { await getAhead(node, steps: 1) }
        fake.ipvs.table = IPVSTable()
        await getAhead(node)
        node.apply(Self.updates(1...10))
        await node.settle(on: fake.dataplane, telling: reports)
        // The one that was read before it went comes back with the next verifying pass.
        #expect(servers.count >= 9)
        clock.advance(by: .seconds(30))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(servers == Set((1...10).map(server)))
    }

    @Test func `a reading that is a sync period old is dropped: the first pass sees what others did`() async {
        await precede(services: 10)
        let node = Sample.node(clock)
        await getAhead(node)
        fake.ipvs.table[server(3)]?.realServers.removeFirst()
        fake.ipvs.table[server(40)] = fake.ipvs.table[server(4)]
        clock.advance(by: .seconds(30))
        node.apply(Self.updates(1...10))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(servers == Set((1...10).map(server)))
        #expect(fake.ipvs.table[server(3)]?.realServers.count == 2)
        #expect(reports.all.allSatisfy { $0.isComplete && $0.drift.isEmpty })
    }

    @Test func `however long the sync period is, a reading counts for half a minute`() async {
        await precede(services: 10)
        let node = Sample.node(clock, syncPeriod: .seconds(3600))
        await getAhead(node)
        fake.ipvs.table[server(3)]?.realServers.removeFirst()
        clock.advance(by: .seconds(31))
        node.apply(Self.updates(1...10))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.ipvs.table[server(3)]?.realServers.count == 2)
    }

    @Test func `what others change after the reading is mended within a sync period of it`() async {
        await precede(services: 10)
        let node = Sample.node(clock)
        await getAhead(node)
        fake.ipvs.table[server(3)]?.realServers.removeFirst()
        clock.advance(by: .seconds(20))
        node.apply(Self.updates(1...10))
        let next = await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.ipvs.table[server(3)]?.realServers.count == 1)
        #expect(next == clock.now + .seconds(10))
        clock.advance(by: .seconds(10))
        reports.removeAll()
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.ipvs.table[server(3)]?.realServers.count == 2)
        #expect(reports.all.compactMap { $0.drift[.virtualServer] } == [1])
    }

    @Test func `rules that are lost after they were written ahead come back with the first pass`() async {
        let node = Sample.node(clock)
        await getAhead(node)
        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.rules.count(containing: "KUBE-MARK-MASQ") > 0)
        let scratch = FakeDataplane()
        await Sample.node(clock).settle(on: scratch.dataplane, telling: PassReports())
        #expect(await (try? fake.rules.save(.v4)) == (try? scratch.rules.save(.v4)))
    }
}

/// A node on which others have been.
extension HeadStartTests {
    @Test func `chains that kube-proxy has left in iptables mode stay until the first pass`() async throws {
        let rule = "-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X"
        let chains = "*nat\n:KUBE-SVC-X - [0:0]\n:KUBE-SERVICES - [0:0]\n\(rule)\nCOMMIT\n"
        try await fake.rules.restore(chains, .v4)
        fake.clearJournal()
        let node = Sample.node(clock, families: [.v4])
        await getAhead(node)
        #expect(fake.rules.count(containing: "KUBE-SVC-X") == 1)
        #expect(!fake.journal.contains { $0.hasPrefix("rules") })
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.rules.count(containing: "KUBE-SVC-X") == 0)
        #expect(reports.all.allSatisfy { $0.isComplete && $0.drift.isEmpty })
    }

    @Test func `a rule that closes a load balancer to the node stays until the Services are known`() async throws {
        await precede(services: 1)
        let rule = "-s 192.0.2.1/32 -m ipvs --vproto 6 --vaddr 192.0.2.1 --vport 80 -j DROP"
        try await fake.rules.restore("*filter\n-A KUBE-IPVS-OUT-FILTER \(rule)\nCOMMIT\n", .v4)
        let node = Sample.node(clock, families: [.v4])
        await getAhead(node)
        #expect(fake.rules.count(containing: "--vaddr 192.0.2.1") == 1)
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.rules.count(containing: "--vaddr 192.0.2.1") == 0)
    }

    @Test func `a set that no rule of ours can match on is left to the first pass, and so are the rules`() async {
        let wanted = IPSetDefinition(.clusterIP, .v4)
        let other = IPSetDefinition(name: wanted.name, type: .hashIP, family: .v4)
        fake.sets.sets[wanted.name] = FakeIPSet.Contents(definition: other)
        let node = Sample.node(clock, families: [.v4])
        await getAhead(node)
        #expect(fake.sets.sets[wanted.name]?.definition == other)
        #expect(fake.rules.restoreCount == 0)
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.sets.sets[wanted.name]?.definition == wanted)
        #expect(fake.rules.restoreCount == 1)
    }

    @Test func `rules wait for what they depend on`() async {
        let node = Sample.node(clock, families: [.v4])
        await getAhead(node, writesRules: false)
        #expect(fake.rules.saveCount == 0)
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.rules.restoreCount == 1)
    }

    @Test func `iptables that fails ahead is reported by the first pass, once`() async {
        fake.rules.brokenFamilies = [.v4]
        let node = Sample.node(clock, families: [.v4])
        await getAhead(node)
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(reports.all.map(\.failures.count).reduce(0, +) == 1)
    }

    @Test func `virtual servers in excluded networks stay, and one that is wanted there is adopted`() async {
        await precede(services: 6)
        let networks = [IPPrefix("10.96.0.4/30")].compactMap(\.self)
        let node = NodeReconciler(
            ServiceTable(facts: NodeFacts(name: "here")),
            SyncSettings(families: IPFamily.allCases, excludedNetworks: networks),
            clock: clock
        ) { _ in RuleConfiguration() }
        await getAhead(node)
        node.apply(Self.updates(1...2) + Self.updates(5...5))
        await node.settle(on: fake.dataplane, telling: reports)
        // Those of the Services 4 to 6 are in the network.
        #expect(servers == Set([1, 2, 4, 5, 6].map(server)))
        #expect(reports.all.allSatisfy { $0.isComplete && $0.drift.isEmpty })
    }
}
