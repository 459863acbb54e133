// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import Testing

@testable import ServicePlan

/// What this node makes of a Service's settings.
struct ServerSettingsTests {
    private func scenario(_ scheduler: String?, _ change: (inout ServiceSettings) -> Void = { _ in }) -> Scenario {
        Scenario(.v4).with {
            $0.service.settings.scheduler = scheduler
            change(&$0.service.settings)
            $0.endpoints = [$0.endpoint(1, on: "here"), $0.endpoint(2)]
        }
    }

    private func flags(_ scenario: Scenario) -> UInt32? {
        scenario.contribution.virtualServers.first?.configuration.flags.rawValue
    }

    @Test(
        arguments: [
            ("mh", nil, 0x18), ("mh", [], 0), ("mh", .mhPort, 0x10), ("mh", [.flag1, .flag2], 0x18), ("sh", nil, 0x8),
            ("sh", .shPort, 0x10), ("sh", [.shPort, .shFallback], 0x18), ("sh", .flag2, 0x10), ("wrr", [], 0),
        ] as [(String, SchedulerFlagNames?, UInt32)])
    func `each flag of a hashing scheduler is carried out`(
        scheduler: String, names: SchedulerFlagNames?, wanted: UInt32
    ) {
        let scenario = scenario(scheduler) { $0.schedulerFlags = names }
        #expect(flags(scenario) == wanted)
        #expect(scenario.observations.settingRefusals.isEmpty)
        #expect(scenario.observations.omissions.isEmpty)
    }

    @Test(
        arguments: [
            ("mh", .shPort, 0x18), ("sh", [.shPort, .mhPort], 0x8), ("wrr", .flag1, 0), (nil, .mhPort, 0),
        ] as [(String?, SchedulerFlagNames, UInt32)])
    func `a flag that the scheduler has not is refused by name, and its usual ones are used`(
        scheduler: String?, names: SchedulerFlagNames, wanted: UInt32
    ) {
        let scenario = scenario(scheduler) { $0.schedulerFlags = names }
        #expect(flags(scenario) == wanted)
        #expect(scenario.observations.settingRefusals.map(\.annotation) == ["kube-ipvs.io/scheduler-flags"])
        #expect(scenario.observations.omissions == [.setting])
    }

    @Test func `a scheduler that the kernel lacks is refused, and once it is there the port is planned again`() {
        var table = scenario("wrr").table
        _ = table.takeDirty()
        let id = Scenario(.v4).id
        func scheduler() -> String? {
            table.plan(of: id, in: .v4).contribution.virtualServers.first?.configuration.scheduler.name
        }
        #expect(table.wantedSchedulers.map(\.name) == ["wrr"])
        #expect(scheduler() == "wrr")
        let isNews = table.replaceMissingSchedulers([.weightedRoundRobin])
        #expect(isNews)
        #expect(table.takeDirty() == [id])
        #expect(scheduler() == "rr")
        let refusals = table.plan(of: id, in: .v4).observations.settingRefusals
        #expect(refusals.map(\.annotation) == ["kube-ipvs.io/scheduler"])
        #expect(refusals.first?.reason.contains("ip_vs_wrr") == true)
        table.replaceMissingSchedulers([])
        #expect(table.takeDirty() == [id])
        table.apply(.serviceRemoved(Scenario.name))
        #expect(table.wantedSchedulers.isEmpty)
    }

    @Test(arguments: ["rr", "lc", "dh"])
    func `a scheduler that looks at no weight refuses weights and slow start by name`(scheduler: String) {
        var scenario = scenario(scheduler) {
            $0.weights = EndpointWeights(all: 5)
            $0.slowStart = 30
        }
        #expect(scenario.contribution.virtualServers.first?.realServers.map(\.weight) == [1, 1])
        #expect(
            scenario.observations.settingRefusals.map(\.annotation)
                == ["kube-ipvs.io/weights", "kube-ipvs.io/slow-start"])
        scenario.service.settings = ServiceSettings()
        scenario.service.settings.scheduler = scheduler
        var slice = scenario.slice
        slice.weights = EndpointWeights(all: 9)
        let plan = scenario.table(slices: [slice]).plan(of: scenario.id, in: .v4)
        #expect(plan.observations.settingRefusals.map(\.slice) == [slice.name])
        #expect(plan.contribution.virtualServers.first?.realServers.map(\.weight) == [1, 1])
    }

    @Test(arguments: ["wrr", "wlc", "sed", "nq", "twos"])
    func `slow start is for schedulers that spread by weight, and multiplies all weights`(scheduler: String) {
        let server = scenario(scheduler) {
            $0.weights = EndpointWeights(all: 5)
            $0.slowStart = 30
        }.contribution.virtualServers.first
        #expect(server?.slowStart == 30)
        #expect(server?.realServers.map(\.weight) == [500, 500])
    }

    @Test(arguments: ["mh", "sh", "fo", "ovf", "lblc", "lblcr"])
    func `slow start is refused where the scheduler goes by more than weights`(scheduler: String) {
        let scenario = scenario(scheduler) {
            $0.weights = EndpointWeights(all: 5)
            $0.slowStart = 30
        }
        #expect(scenario.contribution.virtualServers.first?.slowStart == 0)
        #expect(scenario.contribution.virtualServers.first?.realServers.map(\.weight) == [5, 5])
        #expect(scenario.observations.settingRefusals.map(\.annotation) == ["kube-ipvs.io/slow-start"])
    }

    @Test func `the explanation says what is set up and what is refused`() throws {
        let scenario = scenario("wrr") {
            $0.weights = EndpointWeights(all: 5)
            $0.schedulerFlags = .mhPort
        }
        let text = try #require(scenario.table.explanation(of: Scenario.name)).description
        #expect(text.contains("scheduler wrr\n"))
        #expect(text.contains("used, weight 5"))
        #expect(text.contains("refused: kube-ipvs.io/scheduler-flags: the scheduler wrr has no flags"))
    }

    @Test func `a changed annotation of a slice has its port planned again`() {
        let scenario = scenario("wrr")
        var table = scenario.table
        _ = table.takeDirty()
        var slice = scenario.slice
        slice.weights = EndpointWeights(all: 3)
        table.apply(.slice(slice))
        #expect(table.takeDirty() == [scenario.id])
        #expect(table.endpoints(of: scenario.id, in: .v4).map(\.weight) == [3, 3])
    }

    @Test func `a zone counts for the weights, and a changed one has the port planned again`() throws {
        let weights = try weights("same-zone=10,other=1")
        let scenario = scenario("wrr") { $0.weights = weights }
        var slice = scenario.slice
        slice.names = EndpointNames([.init(zone: "zone-a"), .init(zone: "zone-b")])
        var table = scenario.table(slices: [slice])
        _ = table.takeDirty()
        #expect(table.endpoints(of: scenario.id, in: .v4).map(\.weight) == [10, 1])
        slice.names = EndpointNames([.init(zone: "zone-b"), .init(zone: "zone-a")])
        table.apply(.slice(slice))
        #expect(table.takeDirty() == [scenario.id])
        #expect(table.endpoints(of: scenario.id, in: .v4).map(\.weight) == [1, 10])
        var facts = scenario.facts
        facts.zone = "zone-b"
        table.replaceNodeFacts(facts)
        #expect(table.takeDirty() == [scenario.id])
        #expect(table.endpoints(of: scenario.id, in: .v4).map(\.weight) == [10, 1])
    }

    /// As they are read of an annotation.
    private func weights(_ text: String) throws -> EndpointWeights {
        let json = """
            {"apiVersion": "v1", "kind": "Service",
             "metadata": {"name": "web", "annotations": {"kube-ipvs.io/weights": "\(text)"}},
             "spec": {"clusterIP": "10.0.0.1"}}
            """
        let document = try #require(try JSONReader.read(Array(json.utf8)))
        return try #require(try ServiceFields(document).checked().object?.settings.weights)
    }
}
