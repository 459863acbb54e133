// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import SystemTesting
import Testing

/// Which endpoints are in the cluster list and in the local list.
struct EndpointSelectionTests {
    private let scenario = Scenario(.v4)

    private func select(_ endpoints: [Endpoint], lists: EndpointSelection.Lists = [.cluster, .local])
        -> EndpointSelection
    {
        let scenario = scenario.with { $0.endpoints = endpoints }
        return EndpointSelection(scenario.table.endpoints(of: scenario.id, in: .v4), lists: lists)
    }

    private func cluster(_ endpoints: [Endpoint]) -> [UInt64] {
        select(endpoints).clusterList.map(\.id.address.hostNumber)
    }

    private func local(_ endpoints: [Endpoint]) -> [UInt64] {
        select(endpoints).localList.map(\.id.address.hostNumber)
    }

    // MARK: Which lists

    @Test(
        arguments: [
            (false, false, false, [.cluster]),
            (false, false, true, [.cluster]),
            (false, true, false, [.cluster]),
            (false, true, true, [.cluster, .local]),
            (true, false, false, [.local]),
            (true, false, true, [.cluster, .local]),
            (true, true, false, [.local]),
            (true, true, true, [.cluster, .local]),
        ] as [(Bool, Bool, Bool, EndpointSelection.Lists)])
    func `the cluster list is used by policy Cluster and by external traffic, the local list by policy Local`(
        internalLocal: Bool, externalLocal: Bool, accessible: Bool, lists: EndpointSelection.Lists
    ) {
        #expect(
            EndpointSelection.lists(
                internalPolicyLocal: internalLocal,
                externalPolicyLocal: externalLocal,
                externallyAccessible: accessible
            ) == lists
        )
    }

    @Test func `a list that no policy uses is empty`() {
        let endpoints = [scenario.endpoint(1, on: "here")]
        #expect(select(endpoints, lists: .local).clusterList.isEmpty)
        #expect(select(endpoints, lists: .cluster).localList.isEmpty)
    }

    // MARK: Cluster list

    @Test func `the cluster list has the ready endpoints of all nodes`() {
        #expect(
            cluster([scenario.endpoint(1), scenario.endpoint(2, on: "here"), scenario.endpoint(3, on: nil)]) == [
                1, 2, 3,
            ])
    }

    @Test func `endpoints that are not ready are not in the cluster list`() {
        #expect(cluster([scenario.endpoint(1), scenario.endpoint(2, ready: false)]) == [1])
    }

    @Test func `serving terminating endpoints are left out while one is ready`() {
        #expect(cluster([scenario.endpoint(1), scenario.draining(2)]) == [1])
    }

    @Test func `serving terminating endpoints are the cluster list when none is ready`() {
        #expect(cluster([scenario.endpoint(1, ready: false), scenario.draining(2), scenario.draining(3)]) == [2, 3])
    }

    @Test func `an endpoint that serves but neither is ready nor terminates is never used`() {
        #expect(cluster([scenario.endpoint(1, ready: false, serving: true)]).isEmpty)
    }

    @Test func `an endpoint that terminates and no longer serves is never used`() {
        #expect(cluster([scenario.endpoint(1, ready: false, serving: false, terminating: true)]).isEmpty)
    }

    @Test func `an endpoint of publishNotReadyAddresses is ready though it terminates`() {
        #expect(
            cluster([scenario.endpoint(1, ready: true, serving: true, terminating: true), scenario.draining(2)]) == [1])
    }

    @Test func `with no endpoints both lists are empty and there is none anywhere`() {
        let selection = select([])
        #expect(selection.clusterList.isEmpty)
        #expect(selection.localList.isEmpty)
        #expect(!selection.hasAny)
    }

    // MARK: Topology

    @Test func `same node when every ready endpoint has node hints and one names this node`() {
        let endpoints = [
            scenario.endpoint(1, nodes: ["here"]), scenario.endpoint(2, nodes: ["elsewhere"]),
            scenario.endpoint(3, nodes: ["elsewhere", "here"]),
        ]
        #expect(select(endpoints).topology == .sameNode)
        #expect(cluster(endpoints) == [1, 3])
    }

    @Test func `node hints win over zone hints`() {
        let endpoints = [
            scenario.endpoint(1, zones: ["zone-a"], nodes: ["elsewhere"]),
            scenario.endpoint(2, zones: ["zone-b"], nodes: ["here"]),
        ]
        #expect(cluster(endpoints) == [2])
    }

    @Test func `node hints of which none names this node give way to the zone hints`() {
        let endpoints = [
            scenario.endpoint(1, zones: ["zone-a"], nodes: ["elsewhere"]),
            scenario.endpoint(2, zones: ["zone-b"], nodes: ["elsewhere"]),
        ]
        #expect(select(endpoints).topology == .sameZone)
        #expect(cluster(endpoints) == [1])
    }

    @Test func `one ready endpoint without a node hint gives way to the zone hints`() {
        let endpoints = [
            scenario.endpoint(1, zones: ["zone-b"], nodes: ["here"]), scenario.endpoint(2, zones: ["zone-a"]),
        ]
        #expect(cluster(endpoints) == [2])
    }

    @Test func `same zone when every ready endpoint has zone hints and one names this zone`() {
        let endpoints = [
            scenario.endpoint(1, zones: ["zone-a"]), scenario.endpoint(2, zones: ["zone-b"]),
            scenario.endpoint(3, zones: ["zone-b", "zone-a"]),
        ]
        #expect(select(endpoints).topology == .sameZone)
        #expect(cluster(endpoints) == [1, 3])
    }

    @Test func `one ready endpoint without a zone hint turns the hints off`() {
        #expect(cluster([scenario.endpoint(1, zones: ["zone-b"]), scenario.endpoint(2)]) == [1, 2])
        #expect(cluster([scenario.endpoint(1, zones: ["zone-a"]), scenario.endpoint(2)]) == [1, 2])
    }

    @Test func `zone hints of which none names this zone are not followed`() {
        let endpoints = [scenario.endpoint(1, zones: ["zone-b"]), scenario.endpoint(2, zones: ["zone-c"])]
        #expect(select(endpoints).topology == .everywhere)
        #expect(cluster(endpoints) == [1, 2])
    }

    @Test func `a node without a zone does not follow zone hints`() {
        var scenario = scenario
        scenario.facts.zone = nil
        scenario.endpoints = [scenario.endpoint(1, zones: ["zone-a"]), scenario.endpoint(2, zones: ["zone-b"])]
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [1, 2])
    }

    @Test func `endpoints that are not ready have no say about the hints`() {
        let endpoints = [
            scenario.endpoint(1, zones: ["zone-a"]), scenario.endpoint(2, zones: ["zone-b"]),
            scenario.endpoint(3, ready: false), scenario.draining(4),
        ]
        #expect(cluster(endpoints) == [1])
    }

    @Test func `an endpoint that is not ready does not make a topology`() {
        let endpoints = [
            scenario.endpoint(1, zones: ["zone-b"]), scenario.endpoint(2, ready: false, zones: ["zone-a"]),
        ]
        #expect(cluster(endpoints) == [1])
    }

    @Test func `serving terminating endpoints are taken whatever their hints`() {
        let endpoints = [scenario.draining(1, zones: ["zone-a"]), scenario.draining(2, zones: ["zone-b"])]
        #expect(cluster(endpoints) == [1, 2])
    }

    // MARK: Local list

    @Test func `the local list has the ready endpoints of this node`() {
        let endpoints = [
            scenario.endpoint(1), scenario.endpoint(2, on: "here"), scenario.endpoint(3, ready: false, on: "here"),
        ]
        #expect(local(endpoints) == [2])
    }

    @Test func `topology hints do not narrow the local list`() {
        let endpoints = [
            scenario.endpoint(1, on: "here", zones: ["zone-b"], nodes: ["elsewhere"]),
            scenario.endpoint(2, on: "here", zones: ["zone-a"], nodes: ["here"]),
        ]
        #expect(local(endpoints) == [1, 2])
        #expect(cluster(endpoints) == [2])
    }

    @Test func `local serving terminating endpoints are the local list when no local one is ready`() {
        let endpoints = [scenario.endpoint(1), scenario.draining(2, on: "here"), scenario.draining(3)]
        #expect(local(endpoints) == [2])
    }

    @Test func `local serving terminating endpoints are left out while a local one is ready`() {
        #expect(local([scenario.endpoint(1, on: "here"), scenario.draining(2, on: "here")]) == [1])
    }

    // MARK: Any endpoint

    @Test(
        arguments: [
            (.cluster, true, false, true), (.cluster, false, true, true), (.cluster, false, false, false),
            (.local, true, false, true), (.local, false, true, true), (.local, false, false, false),
        ] as [(EndpointSelection.Lists, Bool, Bool, Bool)])
    func `there is an endpoint when one anywhere is ready or serves while terminating`(
        lists: EndpointSelection.Lists, ready: Bool, draining: Bool, hasAny: Bool
    ) {
        var endpoints = [scenario.endpoint(1, ready: false, serving: true)]
        if ready { endpoints.append(scenario.endpoint(2)) }
        if draining { endpoints.append(scenario.draining(3)) }
        #expect(select(endpoints, lists: lists).hasAny == hasAny)
    }

    // MARK: Verdicts

    @Test func `each endpoint has a reason for each list`() {
        let scenario = scenario.with { scenario in
            scenario.endpoints = [
                scenario.endpoint(1, on: "here", zones: ["zone-a"]),
                scenario.endpoint(2, zones: ["zone-b"]),
                scenario.endpoint(3, ready: false),
                scenario.draining(4, on: "here"),
                scenario.endpoint(5, ready: false, terminating: true, on: "here"),
            ]
        }
        let endpoints = scenario.table.endpoints(of: scenario.id, in: .v4)
        let both = EndpointSelection(endpoints, lists: [.cluster, .local])
        #expect(
            endpoints.map(both.clusterVerdict)
                == [.ready, .hintedToOtherZones, .notReady, .readyOnesExist, .terminated])
        #expect(endpoints.map(both.localVerdict) == [.ready, .otherNode, .otherNode, .readyOnesExist, .terminated])

        let clusterOnly = EndpointSelection(endpoints, lists: .cluster)
        #expect(endpoints.allSatisfy { clusterOnly.localVerdict(on: $0) == .listUnused })
    }

    @Test func `the verdicts choose exactly the lists`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let scenario = scenario.with { scenario in
                scenario.endpoints = (1...UInt64.random(in: 1...6, using: &random)).map { number in
                    scenario.endpoint(
                        number, ready: .random(using: &random), serving: .random(using: &random),
                        terminating: .random(using: &random), on: Bool.random(using: &random) ? "here" : "elsewhere",
                        zones: [[], ["zone-a"], ["zone-b"]].randomElement(using: &random) ?? [],
                        nodes: [[], [], ["here"], ["elsewhere"]].randomElement(using: &random) ?? []
                    )
                }
            }
            let endpoints = scenario.table.endpoints(of: scenario.id, in: .v4)
            for lists in [.cluster, .local, [.cluster, .local]] as [EndpointSelection.Lists] {
                let selection = EndpointSelection(endpoints, lists: lists)
                #expect(
                    endpoints.filter { selection.clusterVerdict(on: $0).isChosen }.map(\.id)
                        == selection.clusterList.map(\.id))
                #expect(
                    endpoints.filter { selection.localVerdict(on: $0).isChosen }.map(\.id)
                        == selection.localList.map(\.id))
            }
        }
    }
}
