// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import SystemTesting
import Testing

extension IPVSTable {
    /// A table over few identities, so that two of them overlap.
    static func random(using generator: inout SeededGenerator) -> IPVSTable {
        var table = IPVSTable()
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let id = VirtualServer.ID(
                address: IPAddress(v4: 0x0a60_0000 + UInt32.random(in: 1...4, using: &generator)),
                port: UInt16.random(in: 80...82, using: &generator),
                transport: Bool.random(using: &generator) ? .tcp : .udp
            )
            let ports = Set(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in UInt16.random(in: 1...6, using: &generator) })
            table[id] = Entry(
                configuration: VirtualServer.Configuration(
                    scheduler: Bool.random(using: &generator) ? .roundRobin : .maglevHashing,
                    persistenceMask: .max
                ),
                realServers: ports.sorted().map {
                    RealServer(
                        id: RealServer.ID(address: IPAddress(v4: 0x0af4_0001), port: $0),
                        weight: UInt32.random(in: 0...2, using: &generator)
                    )
                }
            )
        }
        return table
    }
}

extension IPVSTable {
    /// The changes that make all virtual servers of another table as they are there.
    fileprivate func changes(toReach other: IPVSTable) -> [IPVSChange] {
        var changes: [IPVSChange] = []
        for (id, wanted) in other.entries.sorted(by: { $0.key < $1.key }) {
            appendChanges(toReach: wanted, of: id, to: &changes)
        }
        return changes
    }
}

struct IPVSTableTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `changes lead from any table to any other`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var table = IPVSTable.random(using: &generator)
        let desired = IPVSTable.random(using: &generator)

        let removals = table.entries.keys.filter { desired[$0] == nil }.map(IPVSChange.removeVirtualServer)
        for change in table.changes(toReach: desired) + removals {
            let isAccepted = table.apply(change)
            #expect(isAccepted, "the kernel would refuse \(change)")
        }
        #expect(table == desired)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a table needs no change to reach itself`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let table = IPVSTable.random(using: &generator)
        #expect(table.changes(toReach: table).isEmpty)
    }

    @Test func `a rollout adds the new real server before it removes the old one`() {
        let id = VirtualServer.ID(address: IPAddress(v4: 1), port: 80, transport: .tcp)
        let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)
        let old = RealServer(id: RealServer.ID(address: IPAddress(v4: 2), port: 80))
        let new = RealServer(id: RealServer.ID(address: IPAddress(v4: 3), port: 80))
        let table = IPVSTable(entries: [id: .init(configuration: configuration, realServers: [old])])
        let desired = IPVSTable(entries: [id: .init(configuration: configuration, realServers: [new])])
        #expect(
            table.changes(toReach: desired) == [.addRealServer(new, to: id), .removeRealServer(old.id, from: id)])
    }

    @Test func `what the kernel refuses changes nothing`() {
        let id = VirtualServer.ID(address: IPAddress(v4: 1), port: 80, transport: .tcp)
        let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)
        let server = RealServer(id: RealServer.ID(address: IPAddress(v4: 2), port: 80))
        var table = IPVSTable()
        let refused: [IPVSChange] = [
            .editVirtualServer(id, configuration), .removeVirtualServer(id), .addRealServer(server, to: id),
            .editRealServer(server, of: id), .removeRealServer(server.id, from: id),
        ]
        for change in refused {
            let isAccepted = table.apply(change)
            #expect(!isAccepted)
        }
        #expect(table == IPVSTable())
    }
}
