// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import NodeInspection

/// What `plan` says, without a kernel.
@Suite struct NodeInspectionTests {
    private func inspection(_ change: (inout ObjectSnapshot) -> Void = { _ in }) throws -> NodeInspection {
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "here").settings
        var objects = ObjectSnapshot(updates: [.service(Sample.service("web")), .slice(Sample.slice("web"))])
        change(&objects)
        return NodeInspection(settings: settings, families: [.v4], objects: objects, interfaceAddresses: [])
    }

    @Test func `a plan is empty once a pass has been made, and names what has changed since`() async throws {
        let fake = FakeDataplane()
        let keeper = SettingsKeeper([KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way")])
        let settings = FakeSettings(["net/ipv4/ip_forward": "1"])
        var dataplane = fake.dataplane
        dataplane.settings = settings
        let inspection = try inspection()
        func changes() async -> (texts: [String], count: ChangeCount, failures: [String]) {
            var changes: [RehearsedChange] = []
            let failures = await inspection.rehearse(over: dataplane, keeper) { changes.append($0) }
            var count = ChangeCount()
            for change in changes { count.add(change) }
            return (changes.map(\.description), count, failures)
        }
        let before = await changes()
        #expect(before.texts.contains("add virtual server TCP 10.96.0.1:80 with scheduler rr"))
        #expect(before.failures == [])
        #expect(before.count.counts[.virtualServer] == 1 && before.count.counts[.realServer] == 2)
        #expect(before.count.description.hasPrefix("\(before.count.total) changes: "))
        #expect(before.count.description.hasSuffix(", 1 virtual server, 2 real servers, 1 address"))
        #expect(fake.journal == [])

        let reports = PassReports()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: reports)
        #expect(!reports.all.contains { !$0.isComplete })
        let settled = await changes()
        #expect(settled.texts == [] && settled.failures == [])
        #expect(settled.count.description == "no changes")

        fake.addresses.bound = []
        settings.values["net/ipv4/ip_forward"] = "0"
        let drifted = await changes()
        #expect(drifted.texts == ["write 1 to net/ipv4/ip_forward", "bind 10.96.0.1"])
        #expect(drifted.count.description == "2 changes: 1 setting, 1 address")
        #expect(fake.addresses.bound == [])
    }

    @Test func `changes are sorted by the Services that want them, what several want under each`() async throws {
        var other = Sample.service("api", 9)
        other.externalIPs = [IPAddress(v4: 0x0a60_0001)]
        other.ports[0].port = 81
        let inspection = try inspection { $0.updates.append(.service(other)) }
        let fake = FakeDataplane()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        fake.addresses.bound = []
        fake.addresses.hasLink = false
        fake.sets.sets["KUBE-CLUSTER-IP"]?.members = [.ipPort(IPAddress(v4: 7), .tcp, 7)]
        var changes: [RehearsedChange] = []
        _ = await inspection.rehearse(over: fake.dataplane, SettingsKeeper([])) { changes.append($0) }
        let groups = inspection.byService(changes).groups
        #expect(groups.map(\.title) == ["The node", "Service shop/api", "Service shop/web", "No Service"])
        #expect(groups[0].changes.map(\.description) == ["create link kube-ipvs0"])
        #expect(Set(groups[1].changes.map(\.description)).isSuperset(of: ["bind 10.96.0.1", "bind 10.96.0.9"]))
        #expect(
            Set(groups[2].changes.map(\.description)) == ["add 10.96.0.1,tcp:80 to KUBE-CLUSTER-IP", "bind 10.96.0.1"])
        #expect(groups[3].changes.map(\.description) == ["remove 0.0.0.7,tcp:7 from KUBE-CLUSTER-IP"])
    }

    @Test func `what could not be read is told, and the rest is planned`() async throws {
        let fake = FakeDataplane()
        fake.rules.brokenFamilies = [.v4]
        var changes: [String] = []
        let failures = try await inspection().rehearse(over: fake.dataplane, SettingsKeeper([])) {
            changes.append($0.description)
        }
        #expect(failures.count == 1)
        #expect(changes.contains("bind 10.96.0.1"))
    }
}
