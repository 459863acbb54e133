// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import SystemTesting
import Testing

struct DesiredStateTests {
    private static let vip = IPAddress(v4: 0x0a60_0001)
    private static let server = VirtualServer.ID(address: vip, port: 80, transport: .tcp)

    private static func contribution(weight: UInt32 = 1, address: IPAddress = vip) -> Contribution {
        var contribution = Contribution()
        contribution.virtualServers = [
            VirtualServer(
                id: VirtualServer.ID(address: address, port: 80, transport: .tcp),
                configuration: .init(scheduler: .roundRobin, persistenceMask: .max),
                realServers: [
                    RealServer(id: .init(address: IPAddress(v4: 0x0af4_0001), port: 8080), weight: weight)
                ]
            )
        ]
        contribution.addresses = [address]
        contribution.setEntries = [SetMembership(.clusterIP, .ipPort(address, .tcp, 80))]
        return contribution
    }

    /// A contribution over few objects, so that owners overlap.
    private static func random(using generator: inout SeededGenerator) -> Contribution {
        var contribution = Contribution()
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let address = IPAddress(v4: 0x0a60_0000 + UInt32.random(in: 1...3, using: &generator))
            let one = Self.contribution(weight: .random(in: 1...2, using: &generator), address: address)
            contribution.virtualServers += one.virtualServers
            contribution.addresses += one.addresses
            contribution.setEntries += one.setEntries
            if Bool.random(using: &generator) {
                contribution.serversClosedToNode += one.virtualServers.map(\.id)
            }
        }
        return contribution
    }

    private struct Summary: Hashable {
        var servers: [VirtualServer.ID: IPVSTable.Entry]
        var entries: Set<IPSetEntry>
        var addresses: Set<IPAddress>
        var closed: [VirtualServer.ID]

        init(_ state: DesiredState<Int>) {
            servers = Dictionary(
                uniqueKeysWithValues: state.virtualServerIDs.compactMap { id in state[id].map { (id, $0) } })
            entries = Set(state.entries(of: .clusterIP))
            addresses = Set(state.addresses)
            closed = state.serversClosedToNode
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `any history of replacements ends where the last contributions alone would`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = DesiredState<Int>()
        var last: [Int: Contribution] = [:]
        for _ in 0..<60 {
            let owner = Int.random(in: 0..<4, using: &generator)
            let contribution = Self.random(using: &generator)
            var touched = TouchedObjects()
            let before = Summary(state)
            state.replaceContribution(of: owner, with: contribution, touched: &touched)
            last[owner] = contribution
            expectTouched(touched, between: before, and: Summary(state))
            #expect(state.realServerCount == Summary(state).servers.values.map(\.realServers.count).reduce(0, +))
        }

        var fresh = DesiredState<Int>()
        for (owner, contribution) in last.shuffled(using: &generator) {
            var touched = TouchedObjects()
            fresh.replaceContribution(of: owner, with: contribution, touched: &touched)
        }
        #expect(Summary(state) == Summary(fresh))
    }

    /// Whatever differs has been named.
    private func expectTouched(_ touched: TouchedObjects, between before: Summary, and after: Summary) {
        for id in Set(before.servers.keys).union(after.servers.keys) where before.servers[id] != after.servers[id] {
            #expect(touched.virtualServers.contains(id))
        }
        for entry in before.entries.symmetricDifference(after.entries) {
            #expect(touched.setEntries.contains(SetMembership(.clusterIP, entry)))
        }
        #expect(touched.addresses.isSuperset(of: before.addresses.symmetricDifference(after.addresses)))
        #expect(touched.rules || before.closed == after.closed)
    }

    @Test func `an object that two owners want stays until both are gone`() {
        var state = DesiredState<Int>()
        var touched = TouchedObjects()
        state.replaceContribution(of: 1, with: Self.contribution(), touched: &touched)
        state.replaceContribution(of: 2, with: Self.contribution(), touched: &touched)
        state.replaceContribution(of: 1, with: Contribution(), touched: &touched)
        #expect(state.contains(Self.vip))
        #expect(state.contains(.ipPort(Self.vip, .tcp, 80), in: .clusterIP))
        #expect(state[Self.server] != nil)
        state.replaceContribution(of: 2, with: Contribution(), touched: &touched)
        #expect(!state.contains(Self.vip))
        #expect(state[Self.server] == nil)
    }

    @Test func `of two owners of one virtual server the smaller one counts, whoever came first`() throws {
        for order in [[1, 2], [2, 1]] {
            var state = DesiredState<Int>()
            var touched = TouchedObjects()
            for owner in order {
                state.replaceContribution(of: owner, with: Self.contribution(weight: UInt32(owner)), touched: &touched)
            }
            #expect(try #require(state[Self.server]).realServers.map(\.weight) == [1])
            let contest = try #require(state.contest(over: Self.server))
            #expect(contest.holder?.owner == 1)
            #expect(state.owner(of: Self.server) == 1)
            #expect(contest.others.map(\.owner) == [2])
        }
    }

    @Test func `the same contribution again touches nothing`() {
        var state = DesiredState<Int>()
        var touched = TouchedObjects()
        state.replaceContribution(of: 1, with: Self.contribution(), touched: &touched)
        touched = TouchedObjects()
        state.replaceContribution(of: 1, with: Self.contribution(), touched: &touched)
        #expect(touched.isEmpty)
    }
}
