import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Foundation
import HistoryTesting
import Reconcile
import ServicePlan
import SystemTesting
import Testing

extension KernelSuite {
    /// A node's life at random, on the kernel. What a step leaves behind is read through our clients, which costs
    /// milliseconds, and now and then through the system's programs.
    @Suite(.serialized)
    struct HistoryTests {
        private let addresses: KernelAddresses

        /// Ten, which take minutes where the kernel is User Mode Linux, or as many as `KUBE_IPVS_HISTORIES` says.
        private static let seeds: ClosedRange<UInt64> = {
            let count = ProcessInfo.processInfo.environment["KUBE_IPVS_HISTORIES"].flatMap(UInt64.init) ?? 10
            return 1...max(1, count)
        }()

        init() throws {
            addresses = try KernelAddresses()
        }

        @Test(arguments: seeds)
        func `after every step of 500 the kernel holds what it should`(seed: UInt64) async throws {
            // The kernel's rules have histories of their own: iptables costs a process for each look at them.
            try await follow(seed, steps: 500, rules: FakeRules())
        }

        @Test(arguments: KernelFeature.iptablesVariants)
        func `after every step of 40 the kernel's rules are as they should be`(variant: IPTablesVariant) async throws {
            let rules = try await KernelIPTables.open(variant: variant)
            try await follow(1001, steps: 40, rules: rules)
            for family in IPFamily.allCases {
                let installed = InstalledRules(try await rules.save(family))
                try await rules.restore(try #require(Ruleset.removalInput(from: installed)), family)
            }
        }

        private func follow(_ seed: UInt64, steps: Int, rules: any RulesDataplane) async throws {
            let dataplane = Dataplane(
                ipvs: try KernelIPVS(), sets: KernelIPSet(), addresses: addresses, rules: rules)
            // What the history before has left is a predecessor's, but for the stranger's servers.
            try await command("ipvsadm", "-C")
            var history = NodeHistory(seed: seed, on: dataplane) { [addresses] in try addresses.removeLink() }
            for step in 1...steps {
                let wrong = try await history.step()
                try #require(wrong == [], "step \(step) of seed \(seed), after: \(history.events.suffix(6))")
                if step % 50 == 0 { try await expectProgramsSee(history, step) }
            }
            for family in IPFamily.allCases {
                let scratch = history.planFromScratch(family)
                #expect(try history.differences(from: scratch, family) == [])
            }
            #expect(history.written > steps / 2)
            #expect(history.repaired > steps / 20)
        }

        /// What ipvsadm, ipset and ip show.
        private func expectProgramsSee(_ history: NodeHistory, _ step: Int) async throws {
            var servers: [String] = []
            var entries: [String: Set<IPSetEntry>] = [:]
            var bound: Set<IPAddress> = []
            for reconciler in history.reconcilers {
                let desired = reconciler.desired
                for id in desired.virtualServerIDs {
                    let entry = try #require(desired[id])
                    servers += ObservedVirtualServer(id, entry.configuration, entry.realServers).saveLines
                }
                for set in ServiceSet.allCases {
                    entries[set.name(for: reconciler.family)] = Set(desired.entries(of: set))
                }
                bound.formUnion(desired.addresses)
            }
            let comment: Comment = "step \(step) of seed \(history.seed)"

            let shown = try await command("ipvsadm", "-S", "-n").split(separator: "\n").map(String.init)
                // The stranger's own.
                .filter { !$0.contains(" 10.200.") && !$0.contains(" [fd00:200:") }
            #expect(shown.sorted() == servers.sorted(), comment)

            var saved: [String: Set<IPSetEntry>] = [:]
            var types: [String: IPSetType] = [:]
            for line in try await command("ipset", "save").split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                if words[0] == "create" {
                    types[words[1]] = IPSetType(rawValue: words[2])
                    saved[words[1]] = []
                } else {
                    let type = try #require(types[words[1]])
                    saved[words[1]]?.insert(try #require(IPSetEntry(words[2], type: type)))
                }
            }
            #expect(saved == entries, comment)

            let lines = try await command("ip", "-oneline", "address", "show", "dev", "kube-ipvs0").split(
                separator: "\n")
            let found = lines.compactMap { line in
                IPAddress(String(line.split(separator: " ")[3].split(separator: "/")[0]))
            }
            #expect(Set(found) == bound, comment)
            #expect(found.count == lines.count)
        }
    }
}
