// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import Testing

/// What comes while everything is verified.
struct VerifyTests {
    private let clock = ManualClock()
    private let fake = FakeDataplane()
    private let reports = PassReports()

    private static func updates(_ services: ClosedRange<Int>) -> [ObjectUpdate] {
        services.flatMap { [.service(Sample.service($0)), .slice(Sample.slice($0, endpoints: [1, 2]))] }
    }

    /// A node that has made its first passes.
    private func settledNode(services: Int) async -> NodeReconciler {
        let node = Sample.node(clock, families: [.v4])
        node.apply(Self.updates(1...services))
        await node.settle(on: fake.dataplane, telling: reports)
        reports.removeAll()
        return node
    }

    private var endpoints: [Int] {
        fake.ipvs.table.entries.values.map(\.realServers.count)
    }

    @Test func `a change that comes during a verifying pass is written by the next step`() async throws {
        let node = await settledNode(services: 500)
        clock.advance(by: .seconds(30))
        var steps = 0
        var late = 0
        while node.isVerifying || steps == 0 {
            _ = await node.step(on: fake.dataplane, telling: reports)
            steps += 1
            guard node.isVerifying else { break }
            let before = endpoints.reduce(0, +)
            node.apply([.slice(Sample.slice(7, endpoints: Array(1...UInt32(2 + steps))))])
            _ = await node.step(on: fake.dataplane, telling: reports)
            #expect(endpoints.reduce(0, +) == before + 1)
            late += node.isVerifying ? 1 : 0
        }
        // Each part is read in steps of its own.
        #expect(late > 8)
        #expect(reports.all.count { $0.mode == .verify } == 1)
        #expect(reports.all.allSatisfy { $0.isComplete && $0.drift.isEmpty } == true)
    }

    @Test
    func `a change is written while the first pass binds addresses, before the family counts as served`() async throws {
        let node = Sample.node(clock, families: [.v4])
        node.apply(Self.updates(1...3000))
        while fake.addresses.bound.isEmpty {
            for var work in await node.step(on: fake.dataplane, telling: reports).rules {
                await work.run(on: fake.dataplane.rules)
                node.takeBack(work, took: .zero)
            }
        }
        node.apply([.slice(Sample.slice(7, endpoints: [1, 2, 3, 4, 5]))])
        _ = await node.step(on: fake.dataplane, telling: reports)
        #expect(endpoints.max() == 5)
        #expect(fake.addresses.bound.count < 3000)
        #expect(node.families.map(\.hasEndedVerifying) == [false])
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(fake.addresses.bound.count == 3000)
        #expect(node.families.map(\.hasEndedVerifying) == [true])
    }

    @Test func `changes are written while rules are kept, and what that finds is put right`() async throws {
        fake.rules.hasFingerprint = false
        let node = await settledNode(services: 1)
        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        clock.advance(by: .seconds(30))
        var underWay: [RulesWork] = []
        var next = NodeReconciler.Next.atOnce
        while next == .atOnce {
            let step = await node.step(on: fake.dataplane, telling: reports)
            underWay += step.rules
            next = step.next
        }
        var rules = try #require(underWay.first)
        #expect(underWay.count == 1)
        #expect(!node.isVerifying, "a verifying pass does not wait for the rules")
        node.apply([.slice(Sample.slice(1, endpoints: [1, 2, 3]))])
        _ = await node.step(on: fake.dataplane, telling: reports)
        #expect(endpoints == [3])

        await rules.run(on: fake.dataplane.rules)
        node.takeBack(rules, took: .milliseconds(20))
        await node.settle(on: fake.dataplane, telling: reports)
        #expect(reports.all.compactMap { $0.drift[.rules] } == [1])
        #expect(try await fake.rules.save(.v4).contains("KUBE-MARK-MASQ"))
    }

    @Test func `the kernel's settings go with the verifying passes of the first family`() async throws {
        let settings = FakeSettings(["a": "0", "b": "0"])
        settings.readOnly = ["b"]
        var dataplane = fake.dataplane
        dataplane.settings = settings
        let keeper = SettingsKeeper([
            KernelSetting("a", .exactly(1), purpose: "first thing"),
            KernelSetting("b", .exactly(1), purpose: "second thing"),
        ])
        let node = NodeReconciler(
            ServiceTable(facts: NodeFacts(name: "here")),
            SyncSettings(families: IPFamily.allCases),
            settingsKeeper: keeper,
            clock: clock
        ) { _ in RuleConfiguration() }
        await node.settle(on: dataplane, telling: reports)
        #expect(settings.values["a"] == "1")
        #expect(reports.all.compactMap(\.degradedSettings).map(\.count) == [1])
        settings.values["a"] = "0"
        reports.removeAll()
        clock.advance(by: .seconds(30))
        await node.settle(on: dataplane, telling: reports)
        #expect(reports.all.map { $0.drift[.sysctl] ?? 0 }.reduce(0, +) == 1)
        #expect(settings.values["a"] == "1")
    }

    @Test func `an address that another program removes is bound again by the next step`() async throws {
        let node = await settledNode(services: 3)
        let address = try #require(fake.addresses.bound.first)
        fake.addresses.bound.remove(address)
        node.noteVirtualIPs(AddressEvents(dummyLink: [address: false]))
        _ = await node.step(on: fake.dataplane, telling: reports)
        #expect(fake.addresses.bound.count == 3)
        #expect(!node.isVerifying)
    }

    @Test func `a family that fails is verified again sooner than the sync period, ever less often`() async throws {
        let node = Sample.node(clock, families: [.v4], syncPeriod: .seconds(60))
        node.apply(Self.updates(1...1))
        var verified: [ContinuousClock.Instant] = []
        let start = clock.now
        while clock.now < start.advanced(by: .seconds(300)) {
            reports.removeAll()
            fake.ipvs.table = IPVSTable()
            fake.ipvs.failNextApply()
            let next = await node.settle(on: fake.dataplane, telling: reports)
            if reports.all.contains(where: { $0.mode == .verify }) { verified.append(clock.now) }
            clock.advance(to: try #require(next))
        }
        let gaps = zip(verified, verified.dropFirst()).map { $0.duration(to: $1) }
        #expect(gaps.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(gaps.last == .seconds(60))
    }
}
