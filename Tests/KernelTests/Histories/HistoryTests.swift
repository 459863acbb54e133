// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import HistoryTesting
import KernelHistoryTesting
import NodeSync
import Reconcile
import ServicePlan
import SystemTesting
import Testing

extension KernelSuite {
    /// A node's life at random, on the kernel. What a step leaves behind is read through our clients, which costs
    /// milliseconds, and now and then through the system's programs. `make history-test` follows many more, without the
    /// latter.
    @Suite(.serialized)
    struct HistoryTests {
        /// The first few, so that what is broken altogether is found here.
        @Test(arguments: [1, 2] as [UInt64], [false, true])
        func `after every step of 250 the kernel holds what it should, with virtual IPs in either way`(
            seed: UInt64, withRoutes: Bool
        ) async throws {
            try await follow(seed, 250, try await KernelIPTables.open(), withRoutes, serviceCount: 4, .few)
        }

        @Test(arguments: KernelFeature.iptablesVariants)
        func `after every step of 40 with many rules the kernel holds what it should`(
            variant: IPTablesVariant
        ) async throws {
            try await follow(1001, 40, try await KernelIPTables.open(variant: variant), false, serviceCount: 8, .many)
        }

        /// Follows a node's life on a node that others use too, from before the first start to after the cleanup.
        private func follow(
            _ seed: UInt64,
            _ steps: Int,
            _ rules: KernelIPTables,
            _ withRoutes: Bool,
            serviceCount: Int,
            _ ruleChanges: NodeHistory.RuleChanges
        ) async throws {
            let node = try await HistoryNode()
            let outcome = try await node.follow(
                seed, steps: steps, rules: rules, withRoutes: withRoutes, serviceCount: serviceCount,
                ruleChanges: ruleChanges
            ) { history, step in
                if step % (steps / 2) == 0 { try await expectProgramsSee(history, rules, step) }
                return []
            }
            #expect(outcome.wrong == [], "\(outcome)")
            #expect(outcome.steps == steps)
            try await node.clear()
        }

        /// What ipvsadm, ipset, ip and iptables-save show.
        private func expectProgramsSee(_ history: NodeHistory, _ rules: KernelIPTables, _ step: Int) async throws {
            var servers: [String] = []
            var entries: [String: Set<IPSetEntry>] = [:]
            var bound: Set<IPAddress> = []
            for family in history.families {
                let desired = family.reconciler.desired
                for id in desired.virtualServerIDs {
                    let entry = try #require(desired[id])
                    servers += ObservedVirtualServer(id, entry.configuration, entry.realServers).saveLines
                }
                for set in ServiceSet.allCases {
                    entries[set.name(for: family.family)] = Set(desired.entries(of: set))
                }
                bound.formUnion(desired.addresses)
                var configuration = NodeHistory.rules(history.virtualIPs)
                configuration.usesRandomFully = rules.supportsRandomFully
                let wanted = Ruleset(configuration, family.family, closedServers: desired.serversClosedToNode)
                let installed = InstalledRules(try await rules.save(family.family))
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

            #expect(try await shownAddresses() == (history.virtualIPs == .addresses ? bound.sorted() : []), comment)
            #expect(try await shownRoutes() == (history.virtualIPs == .routes ? bound.sorted() : []), comment)
        }

        private func shownAddresses() async throws -> [IPAddress] {
            try await command("ip", "-oneline", "address", "show", "dev", "kube-ipvs0").split(separator: "\n")
                .map { line in
                    let text = String(line.split(separator: " ")[3].split(separator: "/")[0])
                    return try #require(IPAddress(text))
                }.sorted()
        }

        private func shownRoutes() async throws -> [IPAddress] {
            let number = "\(LocalRoute.protocolNumber)"
            var found: [IPAddress] = []
            for family in IPFamily.allCases {
                let lines = try await command(
                    "ip", "-\(family.rawValue)", "route", "show", "table", "local", "proto", number)
                for line in lines.split(separator: "\n") {
                    let words = line.split(separator: " ").map(String.init)
                    #expect(words.prefix(4).elementsEqual(["local", words[1], "dev", "lo"]), "\(line)")
                    found.append(try #require(IPAddress(words[1])))
                }
            }
            return found.sorted()
        }
    }
}
