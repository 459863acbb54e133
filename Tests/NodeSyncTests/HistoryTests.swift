// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import HistoryTesting
import NodeSync
import Reconcile
import Testing

/// Laws of a node's life, on the models of the kernel's parts. `HistoryNode` follows the same on the kernel.
struct HistoryTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `after every step of a history the data plane is as it should be`(seed: UInt64) async throws {
        try await follow(seed, on: FakeDataplane())
    }

    @Test(arguments: 201...220 as ClosedRange<UInt64>)
    func `so it is with virtual IPs as routes, and where a restart changes between routes and addresses`(
        seed: UInt64
    ) async throws {
        try await follow(seed, on: FakeDataplane(), withRoutes: true)
    }

    @Test(arguments: 101...120 as ClosedRange<UInt64>)
    func `where every other endpoint has connections, only who drains stays longer`(seed: UInt64) async throws {
        let fake = FakeDataplane()
        for number in stride(from: UInt64(2), to: 10, by: 2) {
            for base in [IPAddress("10.244.0.0"), IPAddress("fd00:244::")].compactMap(\.self) {
                let address = IPAddress(high: base.high, low: base.low + number)
                for port: UInt16 in [8080, 8443] {
                    fake.ipvs.connections[RealServer.ID(address: address, port: port)] = 1
                }
            }
        }
        let draining = try await follow(seed, on: fake)
        #expect(draining > 10)
    }

    /// - Returns: the number of steps after which somebody drained.
    @discardableResult
    private func follow(
        _ seed: UInt64,
        on fake: FakeDataplane,
        withRoutes: Bool = false
    ) async throws -> Int {
        var history = NodeHistory(seed: seed, on: fake.dataplane, withRoutes: withRoutes) {
            fake.addresses.hasLink = false
            fake.addresses.bound = []
        }
        var draining = 0
        for step in 1...200 {
            let wrong = try await history.step()
            try #require(wrong == [], "step \(step) of seed \(seed), after: \(history.events.suffix(6))")
            fake.clearJournal()
            if history.families.contains(where: { $0.reconciler.nextDrainPoll != nil }) { draining += 1 }
        }
        for family in IPFamily.allCases {
            let scratch = history.planFromScratch(family)
            #expect(try history.differences(from: scratch, family) == [])
        }
        #expect(history.written > 100)
        #expect(history.repaired > 10)
        return draining
    }
}
