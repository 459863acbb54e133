// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import SystemTesting
import Testing

/// Who has a virtual server that several want: a Service must not take over another one's by what it is called.
@Suite struct ClaimTests {
    private typealias State = DesiredState<String>
    private static let id = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 443, transport: .tcp)

    /// What a Service port with one virtual server contributes, as `ServicePlan` makes it.
    private static func contribution(
        _ claim: VirtualServer.Claim,
        id: VirtualServer.ID = id,
        created: Int64 = .max,
        isClosedToNode: Bool = false
    ) -> Contribution {
        var contribution = Contribution()
        contribution.creationTime = created
        contribution.virtualServers = [
            VirtualServer(
                id: id, claim: claim, configuration: .init(scheduler: .roundRobin, persistenceMask: .max))
        ]
        let entry = IPSetEntry.ipPort(id.address, id.transport, id.port)
        switch claim {
        case .clusterIP: contribution.setEntries = [SetMembership(.clusterIP, entry)]
        case .externalIP: contribution.setEntries = [SetMembership(.externalIP, entry)]
        case .loadBalancer:
            contribution.setEntries = [
                SetMembership(.loadBalancer, entry), SetMembership(.loadBalancerFirewall, entry),
                SetMembership(
                    .loadBalancerSourceIP, .ipPortIP(id.address, id.transport, id.port, id.address)),
            ]
        case .nodePort:
            contribution.setEntries = [
                SetMembership(.nodePortTCP, .port(id.port)), SetMembership(.nodePortLocalTCP, .port(id.port)),
            ]
        }
        if claim != .nodePort {
            contribution.addresses = [id.address]
            contribution.setEntries.append(SetMembership(.ipvsIPs, .ip(id.address)))
        }
        if isClosedToNode { contribution.serversClosedToNode = [id] }
        return contribution
    }

    private static func state(_ contributions: KeyValuePairs<String, Contribution>) -> State {
        var state = State()
        var touched = TouchedObjects()
        for (owner, contribution) in contributions {
            state.replaceContribution(of: owner, with: contribution, touched: &touched)
        }
        return state
    }

    @Test(arguments: [
        (VirtualServer.Claim.clusterIP, VirtualServer.Claim.nodePort), (.nodePort, .loadBalancer),
        (.loadBalancer, .externalIP), (.clusterIP, .externalIP),
    ])
    func `a cluster IP goes before a node port, that before a load balancer IP, and that before an external IP`(
        stronger: VirtualServer.Claim, weaker: VirtualServer.Claim
    ) {
        // The weaker one is older, and first by name.
        let strong = Self.contribution(stronger, created: 200)
        let weak = Self.contribution(weaker, created: 100)
        #expect(Self.state(["aaa/x": weak, "default/kubernetes": strong]).owner(of: Self.id) == "default/kubernetes")
        #expect(Self.state(["default/kubernetes": strong, "aaa/x": weak]).owner(of: Self.id) == "default/kubernetes")
    }

    @Test func `of equal claims the older object's counts, and of equally old ones the first by name`() {
        func owner(_ first: Int64, _ second: Int64) -> String? {
            Self.state([
                "a": Self.contribution(.externalIP, created: first),
                "b": Self.contribution(.externalIP, created: second),
            ]).owner(of: Self.id)
        }
        #expect(owner(100, 200) == "a")
        #expect(owner(200, 100) == "b")
        #expect(owner(100, 100) == "a")
        // Who does not say when it was made is the youngest.
        #expect(owner(.max, 100) == "b")
    }

    @Test func `an older claimant takes over at once, and when it leaves the other one has it again`() {
        var state = Self.state(["young": Self.contribution(.externalIP, created: 200)])
        var touched = TouchedObjects()
        state.replaceContribution(of: "old", with: Self.contribution(.externalIP, created: 100), touched: &touched)
        #expect(state.owner(of: Self.id) == "old")
        #expect(touched.virtualServers == [Self.id])

        touched = TouchedObjects()
        state.replaceContribution(of: "old", with: Contribution(), touched: &touched)
        #expect(state.owner(of: Self.id) == "young")
        #expect(touched.virtualServers == [Self.id])
        #expect(state.contains(Self.id.address))
        #expect(state.contains(.ipPort(Self.id.address, .tcp, 443), in: .externalIP))
    }

    @Test func `a Service that is made anew is as young as that`() {
        var state = Self.state([
            "a": Self.contribution(.externalIP, created: 100), "b": Self.contribution(.externalIP, created: 200),
        ])
        var touched = TouchedObjects()
        state.replaceContribution(of: "a", with: Self.contribution(.externalIP, created: 300), touched: &touched)
        #expect(state.owner(of: Self.id) == "b")
        #expect(touched.virtualServers.contains(Self.id))
    }

    @Test func `who does not have the virtual server adds nothing for its sake`() {
        let entry = IPSetEntry.ipPort(Self.id.address, .tcp, 443)
        let state = Self.state([
            "aaa/external": Self.contribution(.externalIP),
            "aaa/balancer": Self.contribution(.loadBalancer, isClosedToNode: true),
            "aaa/port": Self.contribution(.nodePort),
            "default/kubernetes": Self.contribution(.clusterIP),
        ])
        #expect(state.contains(entry, in: .clusterIP))
        #expect(!state.contains(entry, in: .externalIP), "its traffic would be masqueraded")
        #expect(!state.contains(entry, in: .loadBalancerFirewall), "its clients would be dropped")
        #expect(!state.contains(.port(443), in: .nodePortTCP))
        #expect(!state.contains(.port(443), in: .nodePortLocalTCP))
        #expect(state.serversClosedToNode == [], "the node would be shut out of it")
        // The holder wants it too.
        #expect(state.contains(Self.id.address))
        #expect(state.contains(.ip(Self.id.address), in: .ipvsIPs))
        #expect(state.contestedCount == 1)
    }

    @Test func `an address that only who lost wanted bound is not bound`() {
        let state = Self.state([
            "aaa/x": Self.contribution(.externalIP), "shop/web": Self.contribution(.nodePort),
        ])
        #expect(state.owner(of: Self.id) == "shop/web")
        #expect(!state.contains(Self.id.address), "a node port is at an address that the node has already")
        #expect(!state.contains(.ip(Self.id.address), in: .ipvsIPs))
    }

    @Test func `who has one virtual server of an address and not the other keeps what belongs to the one`() {
        let other = VirtualServer.ID(address: Self.id.address, port: 8443, transport: .tcp)
        var both = Self.contribution(.externalIP)
        both.virtualServers += Self.contribution(.externalIP, id: other).virtualServers
        both.setEntries.append(SetMembership(.externalIP, .ipPort(other.address, .tcp, other.port)))
        let state = Self.state(["aaa/x": both, "shop/web": Self.contribution(.nodePort)])
        #expect(state.owner(of: other) == "aaa/x")
        #expect(state.contains(Self.id.address))
        #expect(state.contains(.ipPort(other.address, .tcp, other.port), in: .externalIP))
        #expect(!state.contains(.ipPort(Self.id.address, .tcp, 443), in: .externalIP))
    }

    @Test func `flows of datagrams are looked at when a virtual server goes to another owner`() {
        let id = VirtualServer.ID(address: Self.id.address, port: 53, transport: .udp)
        var state = Self.state(["young": Self.contribution(.externalIP, id: id, created: 200)])
        var touched = TouchedObjects()
        state.replaceContribution(
            of: "old", with: Self.contribution(.externalIP, id: id, created: 100), touched: &touched)
        #expect(touched.flowServers == [id])
        touched = TouchedObjects()
        state.replaceContribution(of: "old", with: Contribution(), touched: &touched)
        #expect(touched.flowServers == [id])
    }

    @Test func `a contest is told of when it begins, when it goes on otherwise, and when it is over`() {
        var state = Self.state(["a": Self.contribution(.clusterIP)])
        #expect(state.takeChangedContests() == [])
        var touched = TouchedObjects()
        state.replaceContribution(of: "b", with: Self.contribution(.externalIP), touched: &touched)
        state.replaceContribution(of: "c", with: Self.contribution(.nodePort), touched: &touched)
        let contest = Contest(
            id: Self.id, holder: .init(owner: "a", claim: .clusterIP),
            others: [.init(owner: "c", claim: .nodePort), .init(owner: "b", claim: .externalIP)])
        #expect(state.takeChangedContests() == [contest])
        #expect(state.takeChangedContests() == [])
        #expect(state.contest(over: Self.id) == contest)
        for owner in ["a", "c"] {
            state.replaceContribution(of: owner, with: Contribution(), touched: &touched)
        }
        #expect(
            state.takeChangedContests() == [
                Contest(id: Self.id, holder: .init(owner: "b", claim: .externalIP), others: [])
            ])
        #expect(state.contest(over: Self.id) == nil)
    }

    // MARK: Laws

    /// What is there, as far as a history can change it.
    private struct Summary: Hashable {
        var owners: [VirtualServer.ID: String] = [:]
        var entries: Set<SetMembership> = []
        var addresses: Set<IPAddress> = []
        var closed: Set<VirtualServer.ID> = []

        init(_ state: State) {
            for id in state.virtualServerIDs { owners[id] = state.owner(of: id) }
            for set in ServiceSet.allCases { entries.formUnion(state.entries(of: set).map { SetMembership(set, $0) }) }
            addresses = Set(state.addresses)
            closed = Set(state.serversClosedToNode)
        }

        /// By looking at everybody, for each of them: each contribution here is about one address and port.
        init(_ contributions: [String: [Contribution]]) {
            var claims: [VirtualServer.ID: [(VirtualServer.Claim, Int64, String)]] = [:]
            for (owner, parts) in contributions {
                for part in parts {
                    for server in part.virtualServers {
                        claims[server.id, default: []].append((server.claim, part.creationTime, owner))
                    }
                }
            }
            owners = claims.compactMapValues { $0.min(by: <)?.2 }
            for (owner, parts) in contributions {
                for part in parts where part.virtualServers.allSatisfy({ owners[$0.id] == owner }) {
                    entries.formUnion(part.setEntries)
                    addresses.formUnion(part.addresses)
                    closed.formUnion(part.serversClosedToNode)
                }
            }
        }
    }

    /// Up to three virtual servers with different addresses, so that each brings its own entries.
    private static func random(using generator: inout SeededGenerator) -> [Contribution] {
        let created = Int64.random(in: 1...3, using: &generator)
        return [1, 2, 3].filter { _ in Bool.random(using: &generator) }.compactMap { number in
            VirtualServer.Claim.allCases.randomElement(using: &generator).map { claim in
                contribution(
                    claim,
                    id: VirtualServer.ID(
                        address: IPAddress(v4: 0x0a60_0000 + number), port: UInt16(number), transport: .tcp),
                    created: created,
                    isClosedToNode: claim == .loadBalancer && Bool.random(using: &generator)
                )
            }
        }
    }

    private static func joined(_ parts: [Contribution]) -> Contribution {
        var whole = Contribution()
        for part in parts {
            whole.creationTime = part.creationTime
            whole.virtualServers += part.virtualServers
            whole.setEntries += part.setEntries
            whole.addresses += part.addresses
            whole.serversClosedToNode += part.serversClosedToNode
        }
        return whole
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `after any history each virtual server is the strongest claimant's, with nothing of the others`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = State()
        var last: [String: [Contribution]] = [:]
        for _ in 0..<40 {
            let owner = "owner-\(Int.random(in: 0..<5, using: &generator))"
            let parts = Bool.random(using: &generator) ? Self.random(using: &generator) : []
            var touched = TouchedObjects()
            let before = Summary(state)
            state.replaceContribution(of: owner, with: Self.joined(parts), touched: &touched)
            last[owner] = parts
            let after = Summary(state)
            #expect(after == Summary(last))

            for id in Set(before.owners.keys).union(after.owners.keys) where before.owners[id] != after.owners[id] {
                #expect(touched.virtualServers.contains(id))
            }
            #expect(before.entries.symmetricDifference(after.entries).allSatisfy(touched.setEntries.contains))
            #expect(touched.addresses.isSuperset(of: before.addresses.symmetricDifference(after.addresses)))
            #expect(touched.rules || before.closed == after.closed)
        }
    }
}
