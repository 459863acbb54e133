// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Foundation
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// Rules of others with a match that the installed iptables has no library for.
    @Suite(.serialized) struct MissingExtensionTests {
        /// The libraries of iptables without that of the match `statistic`, in a folder of their own.
        private static func withoutStatistic<Result>(
            _ kernel: KernelIPTables,
            _ body: () async throws -> Result
        ) async throws -> Result {
            let folder = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
            try await command("bash", "-c", "cp -r /usr/lib/*/xtables '\(folder)'; rm '\(folder)/libxt_statistic.so'")
            kernel.environment = ["XTABLES_LIBDIR": folder]
            defer { try? FileManager.default.removeItem(atPath: folder) }
            return try await body()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `a match that the program has no library for keeps no rule of ours from being written and removed`(
            variant: IPTablesVariant, family: IPFamily
        ) async throws {
            let program = "\(family == .v4 ? "iptables" : "ip6tables")-\(variant.rawValue)"
            let match = "-m statistic --mode random --probability 0.5"
            let foreign = [
                "*nat", "-A PREROUTING \(match) -j RETURN", "-A PREROUTING -j RETURN", "COMMIT", "*filter",
                "-A FORWARD -m comment --comment before", "-A FORWARD \(match)", "-A FORWARD \(match)",
                "-A FORWARD -m comment --comment behind", "COMMIT", "",
            ]
            let empty = "*nat\nCOMMIT\n*filter\nCOMMIT\n"
            try await command(["\(program)-restore"], input: foreign.joined(separator: "\n"))
            let before = try await command("\(program)-save").split(separator: "\n").filter { $0.hasPrefix("-") }
            let sets = KernelIPSet()
            for set in ServiceSet.allCases { try sets.create(IPSetDefinition(set, family)) }
            let kernel = try await KernelIPTables.open(variant: variant)
            let ruleset = Ruleset(RuleConfiguration(), family)

            try await Self.withoutStatistic(kernel) {
                for _ in 0..<2 {
                    let installed = InstalledRules(try await kernel.save(family))
                    try await kernel.restore(try #require(ruleset.restoreInput(over: installed)), family)
                    #expect(kernel.unread[family]?.contains("chain by chain") == true)
                    #expect(ruleset.restoreInput(over: InstalledRules(try await kernel.save(family))) == nil)
                    try await command(program, "-t", "nat", "-F", "KUBE-SERVICES")
                }
                // Behind what cannot be read.
                let jump = try #require(ServiceJump.all.first { $0.origin == "FORWARD" })
                try await command(
                    program, "-A", "FORWARD", "-m", "comment", "--comment", jump.comment, "-j", jump.target.name)
                let removal = RulesRemoval(from: InstalledRules(try await kernel.save(family)))
                #expect(removal.jumps == ServiceJump.all.count + 1)
                try await kernel.restore(try #require(removal.input), family)
            }
            let after = try await command("\(program)-save").split(separator: "\n").filter { $0.hasPrefix("-") }
            #expect(after == before)
            try await command(["\(program)-restore"], input: empty)
            for set in ServiceSet.allCases { try sets.destroy(set.name(for: family)) }
        }
    }
}
