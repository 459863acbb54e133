// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// A rehearsal foretells a pass: over a copy of the same data plane the pass itself writes just that.
@Suite struct RehearsalTests {
    private static let contributions =
        [
            1: Sample.contribution(1), 2: Sample.contribution(2, endpoints: [2, 3, 4]),
        ] as [UInt32: Contribution]

    /// Rehearses a first pass, and then makes it.
    private static func expectForetold(_ prepare: (FakeDataplane) async -> Void) async -> [String] {
        let fake = FakeDataplane()
        await prepare(fake)
        fake.clearJournal()
        var changes: [RehearsedChange] = []
        let rehearsal = Rehearsal(of: fake.dataplane) { changes.append($0) }
        var rehearsing = Sample.reconciler(contributions)
        let foretold = await rehearsing.pass(.verify, at: Sample.start, on: rehearsal.dataplane)
        #expect(fake.journal == [])
        #expect(foretold.failures == [])

        var reconciler = Sample.reconciler(contributions)
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.failures == [])
        #expect(foretold.applied == report.applied)
        let rules = changes.filter { $0.kind == .rule || $0.kind == .ruleInput }
        #expect(rules.isEmpty == fake.journal.allSatisfy { !$0.hasPrefix("rules ") })
        let written = fake.journal.filter { !$0.hasPrefix("rules ") }
        #expect(changes.count - rules.count == written.count)
        #expect(rules.allSatisfy { $0.description.contains("-restore: ") })
        #expect(rules.filter(\.kind.counts).allSatisfy { $0.description.contains("-restore: -") })
        return changes.map(\.description)
    }

    private static func settled(_ fake: FakeDataplane) async {
        var reconciler = Sample.reconciler(contributions)
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
    }

    @Test func `on an empty kernel it is everything`() async {
        let lines = await Self.expectForetold { _ in }
        #expect(lines.contains("create link kube-ipvs0"))
        #expect(lines.contains("create set KUBE-CLUSTER-IP of type hash:ip,port"))
        #expect(lines.contains("add 10.96.0.1,tcp:80 to KUBE-CLUSTER-IP"))
        #expect(lines.contains("iptables-restore: *nat"))
        #expect(lines.contains("add real server 10.244.0.3:8080 of weight 1 to TCP 10.96.0.2:80"))
        #expect(lines.last == "bind 10.96.0.2")
    }

    @Test func `on a kernel that is as it should be it is nothing`() async {
        let lines = await Self.expectForetold(Self.settled)
        #expect(lines == [])
    }

    @Test func `of a kernel that others have changed it is what they have changed`() async {
        let lines = await Self.expectForetold { fake in
            await Self.settled(fake)
            fake.ipvs.table.apply(.removeVirtualServer(Sample.server(2)))
            fake.ipvs.table.apply(.addVirtualServer(Sample.server(9), Sample.configuration))
            fake.sets.sets["KUBE-CLUSTER-IP"]?.members.insert(.ipPort(Sample.vip(8), .tcp, 80))
            fake.addresses.bound.remove(Sample.vip(1))
        }
        #expect(
            lines == [
                "add virtual server TCP 10.96.0.2:80 with scheduler rr",
                "add real server 10.244.0.2:8080 of weight 1 to TCP 10.96.0.2:80",
                "add real server 10.244.0.3:8080 of weight 1 to TCP 10.96.0.2:80",
                "add real server 10.244.0.4:8080 of weight 1 to TCP 10.96.0.2:80",
                "bind 10.96.0.1",
                "remove virtual server TCP 10.96.0.9:80",
                "remove 10.96.0.8,tcp:80 from KUBE-CLUSTER-IP",
            ])
    }

    @Test func `a setting that differs is named, and stays`() throws {
        let fake = FakeSettings([
            "net/ipv4/ip_forward": "0", "net/ipv4/vs/conntrack": "1", "net/ipv4/vs/expire_nodest_conn": "0",
        ])
        let keeper = SettingsKeeper([
            KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way", isVital: true),
            KernelSetting("net/ipv4/vs/conntrack", .exactly(1), purpose: "masquerading"),
            KernelSetting("net/ipv4/vs/expire_nodest_conn", .exactly(1), purpose: "an end"),
        ])
        var original = FakeDataplane().dataplane
        original.settings = fake
        var changes: [RehearsedChange] = []
        let rehearsal = Rehearsal(of: original) { changes.append($0) }
        let report = keeper.keep(on: try #require(rehearsal.dataplane.settings))
        #expect(report.failures == [])
        #expect(
            changes == [
                RehearsedChange(.setting, "write 1 to net/ipv4/ip_forward"),
                RehearsedChange(.setting, isOptional: true, "write 1 to net/ipv4/vs/expire_nodest_conn"),
            ])
        #expect(fake.writes == [])
    }
}
