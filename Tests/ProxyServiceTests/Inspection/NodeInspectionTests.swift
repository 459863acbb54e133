import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import ProxyService

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
