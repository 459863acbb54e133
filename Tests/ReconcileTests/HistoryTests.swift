import Addressing
import DataplaneTesting
import HistoryTesting
import Testing

/// Laws of a node's life, on the models of the kernel's parts. `KernelHistoryTests` has the same on the kernel.
struct HistoryTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `after every step of a history the data plane is as it should be`(seed: UInt64) async throws {
        let fake = FakeDataplane()
        var history = NodeHistory(seed: seed, on: fake.dataplane) {
            fake.addresses.hasLink = false
            fake.addresses.bound = []
        }
        for step in 1...200 {
            let wrong = try await history.step()
            try #require(wrong == [], "step \(step) of seed \(seed), after: \(history.events.suffix(6))")
            fake.clearJournal()
        }
        for family in IPFamily.allCases {
            let scratch = history.planFromScratch(family)
            #expect(try history.differences(from: scratch, family) == [])
        }
        #expect(history.written > 100)
        #expect(history.repaired > 10)
    }
}
