// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Foundation
import Reconcile
import Synchronization
import SystemTesting
import Testing

extension KernelSuite {
    /// What others put into the tables of nf_tables with `nft`, which iptables has no words for.
    @Suite(.serialized) struct ForeignContentTests {
        /// Ways to put something into a table: `T` stands for the family's name in nft.
        private static let contents: [String: [String]] = [
            "a mark with a mask, in a chain of its own": [
                "add chain T filter other", "add rule T filter other meta mark set mark and 0xff00ffff xor 0x40000",
            ],
            "the same in front of our jump": [
                "insert rule T filter FORWARD meta mark set mark and 0xff00ffff xor 0x40000",
                "insert rule T nat OUTPUT meta mark set mark and 0xff00ffff xor 0x40000",
            ],
            "a chain that iptables calls incompatible": [
                "add chain T filter other", "add rule T filter other ct state established accept",
                "add chain T nat other", "add rule T nat other masquerade",
            ],
            "the same in the chains that our jumps are in": [
                "add rule T nat POSTROUTING masquerade", "insert rule T filter INPUT ct state established accept",
                "insert rule T nat OUTPUT numgen random mod 2 0 accept",
            ],
            "a set, a map and a base chain of another priority": [
                "add set T filter theirs { type inet_service; }",
                "add map T nat ports { type inet_service : verdict; }",
                "add chain T filter early { type filter hook input priority -10; }",
                "add rule T filter early tcp dport @theirs accept", "add rule T nat OUTPUT tcp dport vmap @ports",
            ],
        ]

        /// Where the kernel has no nf_tables, nobody can put anything into them.
        private static let hasNFTables = KernelFeature.iptablesVariants.contains(.nft)

        private struct Bench {
            let kernel: KernelIPTables
            let family: IPFamily
            let ruleset: Ruleset
            var program: String { family == .v4 ? "iptables-nft" : "ip6tables-nft" }
            var table: String { family == .v4 ? "ip" : "ip6" }

            init(_ family: IPFamily) async throws {
                self.family = family
                kernel = try await KernelIPTables.open(variant: .nft)
                ruleset = Ruleset(RuleConfiguration(), family)
                try await clear()
                let sets = KernelIPSet()
                for set in ServiceSet.allCases {
                    let definition = IPSetDefinition(set, family)
                    if try sets.definition(ofSetNamed: definition.name) == nil { try sets.create(definition) }
                }
                // So that the chains are there for `nft`.
                let chains = ["PREROUTING", "OUTPUT", "POSTROUTING"].map { "-A \($0) -m comment --comment theirs" }
                let filter = ["INPUT", "FORWARD", "OUTPUT"].map { "-A \($0) -m comment --comment theirs" }
                let lines = ["*nat"] + chains + ["COMMIT", "*filter"] + filter + ["COMMIT", ""]
                try await command(["\(program)-restore"], input: lines.joined(separator: "\n"))
            }

            private func clear() async throws {
                for name in ["nat", "filter", "mangle"] {
                    try await nft(["add table T \(name)", "delete table T \(name)"])
                }
            }

            func end() async throws {
                try await clear()
                for set in ServiceSet.allCases { try KernelIPSet().destroy(set.name(for: family)) }
            }

            func nft(_ lines: [String]) async throws {
                let text = lines.map { $0.replacing(" T ", with: " \(table) ") }.joined(separator: "\n")
                try await command(["nft", "-f", "-"], input: text + "\n")
            }

            /// Both tables, without counters, handles and our rules.
            func foreign() async throws -> [String] {
                var lines: [String] = []
                for name in ["nat", "filter"] {
                    let text = try await command("nft", "--stateless", "list", "table", table, name)
                    lines += text.split(separator: "\n").map(String.init)
                }
                return lines.filter { !$0.contains("# Warning") }
            }

            func write() async throws {
                let installed = InstalledRules(try await kernel.save(family))
                try await kernel.restore(try #require(ruleset.restoreInput(over: installed)), family)
                try await expectInPlace()
            }

            func expectInPlace(sourceLocation: SourceLocation = #_sourceLocation) async throws {
                let installed = InstalledRules(try await kernel.save(family))
                #expect(ruleset.restoreInput(over: installed) == nil, sourceLocation: sourceLocation)
                let hook = try await command(program, "-t", "filter", "-S", "KUBE-IPVS-FILTER")
                #expect(hook.contains("REJECT"), sourceLocation: sourceLocation)
            }
        }

        @Test(arguments: contents.keys.sorted(), IPFamily.allCases)
        func `what iptables has no words for keeps no rule of ours from being written, repaired and removed`(
            content: String, family: IPFamily
        ) async throws {
            guard Self.hasNFTables else { return }
            let bench = try await Bench(family)
            try await bench.nft(try #require(Self.contents[content]))
            let foreign = try await bench.foreign()

            try await bench.write()
            // Whatever is lost comes back, and nothing else is touched.
            let lost = [
                ["-t", "nat", "-F", "KUBE-SERVICES"], ["-t", "filter", "-F", "KUBE-IPVS-FILTER"],
                ["-t", "nat", "-D", "PREROUTING", "1"],
            ]
            for arguments in lost {
                _ = try await command([bench.program] + arguments)
                try await bench.write()
            }
            // By a proxy beside us; behind the others' rules, too.
            for origin in ["FORWARD", "INPUT"] {
                let jump = try #require(ServiceJump.all.first { $0.origin == origin })
                _ = try await command(
                    bench.program, "-t", "filter", "-A", origin, "-m", "comment", "--comment", jump.comment, "-j",
                    jump.target.name)
            }
            try await bench.expectInPlace()

            let removal = RulesRemoval(from: InstalledRules(try await bench.kernel.save(family)))
            #expect(removal.jumps == ServiceJump.all.count + 2)
            #expect(removal.chains == ServiceChain.allCases.count)
            try await bench.kernel.restore(try #require(removal.input), family)
            #expect(InstalledRules(try await bench.kernel.save(family)).isEmpty)
            #expect(try await bench.foreign() == foreign)
            try await bench.end()
        }

        @Test(arguments: IPFamily.allCases)
        func `a rule of others in a chain of ours is written away`(family: IPFamily) async throws {
            guard Self.hasNFTables else { return }
            let bench = try await Bench(family)
            try await bench.write()
            for rule in ["ct state established accept", "meta mark set mark and 0xff00ffff xor 0x40000"] {
                try await bench.nft([
                    "insert rule T filter KUBE-FORWARD \(rule)", "add rule T nat KUBE-SERVICES \(rule)",
                ])
                try await bench.write()
            }
            try await bench.end()
        }

        @Test(arguments: IPFamily.allCases)
        func `what cannot be read is said once, and no longer than it is there`(family: IPFamily) async throws {
            guard Self.hasNFTables else { return }
            let bench = try await Bench(family)
            let said = Sentences()
            bench.kernel.onUnread = { said.append($0) }
            try await bench.nft(try #require(Self.contents["a mark with a mask, in a chain of its own"]))
            for _ in 0..<3 { _ = try await bench.kernel.save(family) }
            #expect(said.all.count == 1)
            #expect(said.all.first?.contains("nft list table \(bench.table) filter") == true)
            #expect(bench.kernel.unread[family] == said.all.first)
            try await bench.nft(["flush chain T filter other"])
            _ = try await bench.kernel.save(family)
            #expect(bench.kernel.unread[family] == nil)
            try await bench.end()
        }

        @Test(arguments: IPFamily.allCases)
        func `a chain that a map of verdicts leads to is kept, and all else of ours is removed`(
            family: IPFamily
        ) async throws {
            guard Self.hasNFTables else { return }
            let bench = try await Bench(family)
            try await bench.write()
            try await bench.nft([
                "add map T nat ports { type inet_service : verdict; elements = { 80 : jump KUBE-MARK-MASQ } ; }",
                "add chain T nat other", "add rule T nat other tcp dport vmap @ports",
            ])
            let removal = RulesRemoval(from: InstalledRules(try await bench.kernel.save(family)))
            await #expect(throws: DataplaneError.self) {
                try await bench.kernel.restore(try #require(removal.input), family)
            }
            try await bench.kernel.restore(try #require(removal.steps.emptying), family)
            var kept: [ServiceChain] = []
            for deletion in removal.steps.deletions {
                do throws(DataplaneError) {
                    try await bench.kernel.restore(deletion.input, family)
                } catch {
                    kept.append(deletion.chain)
                }
            }
            #expect(kept == [.markMasquerade])
            try await bench.end()
        }

        @Test(arguments: IPFamily.allCases)
        func `kubelet's chain is found in a table that iptables cannot print`(family: IPFamily) async throws {
            guard Self.hasNFTables else { return }
            let bench = try await Bench(family)
            _ = try await command(bench.program, "-t", "mangle", "-N", "KUBE-IPTABLES-HINT")
            for rule in ["meta mark set mark and 0xff00ffff xor 0x40000", "ct state established accept"] {
                try await bench.nft(["add chain T mangle other", "add rule T mangle other \(rule)"])
                try await bench.nft(["add chain T filter other", "add rule T filter other \(rule)"])
                let chosen = try await KernelIPTables.open()
                #expect(chosen.variant == .nft)
                #expect(chosen.reason.contains("KUBE-IPTABLES-HINT"), "\(chosen.reason)")
            }
            try await bench.end()
        }

        @Test(arguments: IPFamily.allCases)
        func `a DNAT of nft before KUBE-SERVICES is found, and the jump moved before it`(
            family: IPFamily
        ) async throws {
            guard Self.hasNFTables else { return }
            let bench = try await Bench(family)
            try await bench.write()
            let target = family == .v4 ? "10.0.0.1" : "[fd00::1]"
            let named = family == .v4 ? "ip daddr 10.0.0.2" : "ip6 daddr fd00::2"
            try await bench.nft(["insert rule T nat PREROUTING \(named) tcp dport 80 dnat to \(target):8080"])
            #expect(JumpOrder(try await bench.kernel.save(family)).isEmpty)
            try await bench.nft(["insert rule T nat PREROUTING tcp dport 80 dnat to \(target):8080"])
            let order = JumpOrder(try await bench.kernel.save(family))
            #expect(order.preceding.values.flatMap(\.self).map(\.path) == [["DNAT"]])
            let jumps = order.preceding.keys.map(\.self)
            #expect(jumps.map(\.origin) == ["PREROUTING"])

            let installed = InstalledRules(try await bench.kernel.save(family))
            let input = try #require(bench.ruleset.restoreInput(over: installed, moving: jumps))
            try await bench.kernel.restore(input, family)
            let after = try await bench.kernel.save(family)
            #expect(JumpOrder(after).isEmpty)
            #expect(RulesRemoval(from: InstalledRules(after)).jumps == ServiceJump.all.count)
            try await bench.end()
        }
    }

    /// What was said, from whichever thread.
    private final class Sentences: Sendable {
        private let list = Mutex<[String]>([])

        var all: [String] { list.withLock { $0 } }

        func append(_ sentence: String) {
            list.withLock { $0.append(sentence) }
        }
    }
}
