// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import HistoryTesting
import KubernetesObjects
import ServicePlan
import Testing

/// Laws that hold for every history of updates.
struct ServiceTableLawTests {
    private struct PlanKey: Hashable {
        var id: ServicePortID
        var family: IPFamily
    }

    /// What a reconciler does: plans the dirty ports again and keeps the other plans.
    private func refresh(
        _ plans: inout [PlanKey: ServicePortPlan], _ status: inout ServiceStatusTable, _ table: inout ServiceTable
    ) {
        for id in table.takeDirty() {
            for family in IPFamily.allCases {
                let plan = table.plan(of: id, in: family)
                plans[PlanKey(id: id, family: family)] = plan == ServicePortPlan() ? nil : plan
                status.record(plan.observations, of: id, in: family)
            }
        }
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `keeping up with 300 updates ends where starting from the last objects does`(seed: UInt64) {
        var history = RandomCluster(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        var plans: [PlanKey: ServicePortPlan] = [:]
        var status = ServiceStatusTable()
        for step in 1...300 {
            history.step(&table)
            // Sometimes each update by itself, sometimes many gathered.
            if seed % 2 == 0 || step % 17 == 0 { refresh(&plans, &status, &table) }
        }
        refresh(&plans, &status, &table)

        var scratch = history.scratchTable()
        var expectedPlans: [PlanKey: ServicePortPlan] = [:]
        var expectedStatus = ServiceStatusTable()
        #expect(scratch.servicePorts == table.servicePorts)
        refresh(&expectedPlans, &expectedStatus, &scratch)

        #expect(!plans.isEmpty)
        // The keys alone: whole plans would fill pages.
        let wrong = Set(plans.keys).union(expectedPlans.keys).filter { plans[$0] != expectedPlans[$0] }
        #expect(wrong.map { "\($0.family) \($0.id)/\($0.id.transport)" }.sorted() == [])
        for family in IPFamily.allCases {
            #expect(status.healthChecks(family) == expectedStatus.healthChecks(family))
            #expect(status.omissions(family).map(\.id) == expectedStatus.omissions(family).map(\.id))
            for policy in ServiceStatusTable.TrafficPolicyKind.allCases {
                let lacking = Set(
                    expectedPlans.filter { key, plan in
                        key.family == family
                            && (policy == .internal
                                ? plan.observations.lacksLocalEndpointsForInternalTraffic
                                : plan.observations.lacksLocalEndpointsForExternalTraffic)
                    }.keys.map(\.id.service)
                )
                #expect(status.servicesWithoutLocalEndpoints(policy, family) == lacking.count)
            }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `dirty ports are planned as they would be by name, each once`(seed: UInt64) {
        var history = RandomCluster(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        for step in 1...200 {
            history.step(&table)
            guard step % 7 == 0 else { continue }
            var byName = table
            var expected: [PlanKey] = []
            for id in byName.takeDirty() {
                expected += IPFamily.allCases.map { PlanKey(id: id, family: $0) }
            }
            var planned: [PlanKey] = []
            table.planDirty(in: IPFamily.allCases) { id, family, contribution, observations in
                planned.append(PlanKey(id: id, family: family))
                let plan = byName.plan(of: id, in: family)
                #expect(contribution == plan.contribution)
                #expect(observations == plan.observations)
            }
            #expect(planned == expected)
            #expect(!table.hasDirty)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `equal objects make equal plans, whatever the order they came in`(seed: UInt64) {
        var history = RandomCluster(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        for _ in 1...200 { history.step(&table) }
        let one = history.scratchTable()
        let other = history.scratchTable()
        for id in one.servicePorts {
            for family in IPFamily.allCases {
                #expect(one.plan(of: id, in: family) == other.plan(of: id, in: family))
            }
            #expect(one.explanation(of: id.service) == other.explanation(of: id.service))
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `every plan is sorted and has everything once, and no virtual server without what leads to it`(seed: UInt64) {
        var history = RandomCluster(seed: seed)
        var table = ServiceTable(facts: history.facts, configuration: history.configuration)
        for _ in 1...200 { history.step(&table) }
        for id in table.servicePorts {
            for family in IPFamily.allCases {
                let contribution = table.plan(of: id, in: family).contribution
                let ids = contribution.virtualServers.map(\.id)
                #expect(ids == Set(ids).sorted())
                #expect(contribution.addresses == Set(contribution.addresses).sorted())
                #expect(contribution.setEntries.count == Set(contribution.setEntries).count)
                #expect(contribution.serversClosedToNode.allSatisfy(ids.contains))
                for server in contribution.virtualServers {
                    let servers = server.realServers.map(\.id)
                    #expect(servers == Set(servers).sorted())
                    #expect(
                        contribution.addresses.contains(server.id.address)
                            || history.facts.interfaceAddresses.contains(server.id.address))
                }
            }
        }
    }
}
