import Addressing
import DataplaneKernel
import DataplaneModel
import Foundation
import HistoryTesting
import ProxyService
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
            try await follow(seed, steps: 500, rules: try await KernelIPTables.open(), isCheap: true)
        }

        @Test(arguments: KernelFeature.iptablesVariants)
        func `after every step of 40 with many rules the kernel holds what it should`(
            variant: IPTablesVariant
        ) async throws {
            try await follow(1001, steps: 40, rules: try await KernelIPTables.open(variant: variant), isCheap: false)
        }

        /// Follows a node's life on a node that others use too, from before the first start to after the cleanup.
        private func follow(_ seed: UInt64, steps: Int, rules: KernelIPTables, isCheap: Bool) async throws {
            // What other tests have left.
            _ = await NodeCleanup.run(excluding: [])
            try await command("ipvsadm", "-C")
            let others = try await NodeOfOthers()
            let before = try await others.state()

            let history = try await follow(seed, steps: steps, rules, isCheap)

            try await others.addLateServer()
            let report = await NodeCleanup.run(excluding: history.excludedNetworks)
            #expect(report.failures == [])
            let after = try await others.state()
            #expect(after.difference(from: before).map { "\($0)" } == [], "seed \(seed)")
            #expect(try await others.hasLateServer())
            #expect(await NodeCleanup.run(excluding: history.excludedNetworks).lines == ["nothing to remove"])
            try await others.remove()
        }

        private func follow(
            _ seed: UInt64,
            steps: Int,
            _ rules: KernelIPTables,
            _ isCheap: Bool
        ) async throws -> NodeHistory {
            let dataplane = Dataplane(
                ipvs: try KernelIPVS(), sets: KernelIPSet(), addresses: addresses, rules: RememberedRules(rules))
            let view = try KernelView()
            var history = NodeHistory(seed: seed, on: dataplane, isCheap: isCheap, read: view.state) { [addresses] in
                try addresses.removeLink()
            }
            for step in 1...steps {
                let wrong = try await history.step()
                try #require(wrong == [], "step \(step) of seed \(seed), after: \(history.events.suffix(6))")
                if step % (steps / 2) == 0 { try await expectProgramsSee(history, rules, step) }
            }
            for family in IPFamily.allCases {
                let scratch = history.planFromScratch(family)
                #expect(try history.differences(from: scratch, family) == [])
            }
            #expect(history.written > steps / 2)
            #expect(history.repaired > steps / 20)
            return history
        }

        /// What ipvsadm, ipset, ip and iptables-save show.
        private func expectProgramsSee(_ history: NodeHistory, _ rules: KernelIPTables, _ step: Int) async throws {
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
                var configuration = RuleConfiguration()
                configuration.usesRandomFully = rules.supportsRandomFully
                let wanted = Ruleset(configuration, reconciler.family, closedServers: desired.serversClosedToNode)
                let installed = InstalledRules(try await rules.save(reconciler.family))
                #expect(wanted.restoreInput(over: installed) == nil)
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
                guard entries[words[1]] != nil else { continue }
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
