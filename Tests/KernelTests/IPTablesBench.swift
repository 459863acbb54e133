// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite.IPTablesTests {
    /// The rules of one variant and family, with the sets that they name and rules of others around them.
    struct Bench {
        let kernel: KernelIPTables
        let family: IPFamily
        /// Such as `ip6tables-nft`.
        let program: String

        init(_ variant: IPTablesVariant, _ family: IPFamily) async throws {
            kernel = try await KernelIPTables.open(variant: variant)
            self.family = family
            program = Self.program(variant, family)
            // Of the other variant too, for a test that failed may have left something there.
            for other in KernelFeature.iptablesVariants where other != variant {
                try await Self.replaceRules(Self.program(other, family))
            }

            let sets = KernelIPSet()
            for set in ServiceSet.allCases {
                let definition = IPSetDefinition(set, family)
                if try sets.definition(ofSetNamed: definition.name) == nil { try sets.create(definition) }
            }
            // One process and not one for each rule: on an emulated machine each costs a second.
            try await Self.replaceRules(
                program,
                nat: [":CNI-X - [0:0]", "-A CNI-X -j RETURN", "-A OUTPUT -j CNI-X"],
                filter: [
                    "-A INPUT -p tcp --dport 22 -j ACCEPT", #"-A FORWARD -m comment --comment "not ours" -j DROP"#,
                ]
            )
        }

        func run(_ arguments: String...) async throws {
            let result = try await command([program] + arguments)
            #expect(result == "")
        }

        /// Makes these all the rules that there are in both tables.
        private static func replaceRules(_ program: String, nat: [String] = [], filter: [String] = []) async throws {
            let lines = ["*nat"] + nat + ["COMMIT", "*filter"] + filter + ["COMMIT", ""]
            try await command(["\(program)-restore"], input: lines.joined(separator: "\n"))
        }

        private static func program(_ variant: IPTablesVariant, _ family: IPFamily) -> String {
            "\(family == .v4 ? "iptables" : "ip6tables")-\(variant.rawValue)"
        }

        /// Leaves neither rules nor sets.
        func end() async throws {
            try await Self.replaceRules(program)
            for set in ServiceSet.allCases { try KernelIPSet().destroy(set.name(for: family)) }
        }

        func installed() async throws -> InstalledRules {
            InstalledRules(try await kernel.save(family))
        }

        /// What there is, without counters and dates.
        func listing() async throws -> [Substring] {
            try await command("\(program)-save").split(separator: "\n").filter { !$0.hasPrefix("#") }
                .map { $0.hasPrefix(":") ? $0.prefix { $0 != "[" } : $0 }
        }

        /// Brings the rules in place, which must need exactly one restore.
        func write(_ ruleset: Ruleset) async throws {
            let input = try #require(ruleset.restoreInput(over: try await installed()))
            try await kernel.restore(input, family)
            #expect(ruleset.restoreInput(over: try await installed()) == nil)
        }
    }
}
