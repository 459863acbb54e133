// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

@Suite struct SavedTablesTests {
    private let whole = "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j CNI\nCOMMIT\n"

    @Test func `a table that a save program broke off is not whole, and those that it printed are`() {
        let saved = SavedTables(
            "# Generated\n\(whole)# Completed\n*filter\n:KUBE-FORWARD - [0:0]\n-A INPUT -j ACCEPT\n")
        #expect(saved.isWhole("nat"))
        #expect(!saved.isWhole("filter"))
        #expect(!saved.isWhole("mangle"))
        #expect(saved.text == whole)
        #expect(saved.leftOut.isEmpty)
    }

    @Test func `another table that begins before the end of one ends it unwhole`() {
        #expect(!SavedTables("*filter\n-A INPUT -j ACCEPT\n\(whole)").isWhole("filter"))
    }

    @Test func `words of the other output in between are no rules`() {
        let mixed = whole.replacing("-A OUTPUT", with: "Error: meta sreg key not supported\n-A OUTPUT")
        #expect(SavedTables(mixed).text == whole)
    }

    @Test(arguments: [
        ("# Table `nat' is incompatible, use 'nft' tool.\n", "nat"),
        ("# Table `mangle' is incompatible, use 'nft' tool.\n*nat\nCOMMIT\n", "mangle"),
        ("# Table `filter' contains incompatible base-chains, use 'nft' tool to list them.\n*filter\nCOMMIT\n", nil),
    ]) func `a table left out of a listing is noticed`(listing: String, table: String?) {
        #expect(SavedTables(listing).leftOut == Set([table].compactMap(\.self)))
    }

    @Test func `all tables left out are noticed`() {
        let words =
            "# Table `nat' is incompatible, use 'nft' tool.\n# Table `filter' is incompatible, use 'nft' tool.\n"
        #expect(SavedTables(words).leftOut == ["nat", "filter"])
    }
}

@Suite struct TablePartsTests {
    private let ruleset = Ruleset(RuleConfiguration(), .v4)

    private func printed(_ chain: ServiceChain) -> String {
        (["-N \(chain.name)"] + ruleset[chain].map { "-A \(chain.name) \($0)" }).joined(separator: "\n") + "\n"
    }

    /// Both tables as they are read chain by chain, all in place, but for what `edit` does to a chain.
    private func listing(_ edit: (ServiceChain) -> (String, Bool)?) -> String {
        RuleTable.allCases.map { table in
            var parts = TableParts(table)
            for chain in ServiceChain.allCases where chain.table == table {
                guard let (text, isWhole) = edit(chain) else { continue }
                parts.add(chain, printed: text, isWhole: isWhole)
            }
            for (handle, jump) in ServiceJump.all.enumerated() where jump.table == table {
                var rule = NFTablesRule(chain: jump.origin, handle: UInt64(handle))
                rule.comment = jump.comment
                rule.target = "-j \(jump.target.name)"
                parts.add(rules: [NFTablesRule(chain: jump.origin, handle: 99).line, rule.line])
            }
            return parts.text
        }.joined()
    }

    @Test func `rules in place that are read chain by chain are found in place`() {
        let installed = InstalledRules(listing { (printed($0), true) })
        #expect(ruleset.restoreInput(over: installed) == nil)
    }

    @Test func `a chain of ours that is not there, or cannot be read to its end, is rewritten alone`() {
        for broken in [nil, ("", true), (printed(.loadBalancer), false)] as [(String, Bool)?] {
            let installed = InstalledRules(listing { $0 == .loadBalancer ? broken : (printed($0), true) })
            let input = ruleset.restoreInput(over: installed)
            #expect(input?.split(separator: "\n").filter { $0.hasPrefix(":") } == [":KUBE-LOAD-BALANCER - [0:0]"])
        }
    }

    @Test func `rules of others in a table that broke off still count where they lead to ours`() {
        let saved = SavedTables(
            "*nat\n:KUBE-MARK-MASQ - [0:0]\n-A CNI-X -j KUBE-MARK-MASQ\n-A KUBE-SERVICES -j RETURN\n")
        var parts = TableParts(.nat, after: saved)
        parts.add(.markMasquerade, printed: printed(.markMasquerade), isWhole: true)
        #expect(RulesRemoval(from: InstalledRules(parts.text)).keptChains == [.markMasquerade])
    }
}

@Suite struct NFTablesRemovalTests {
    private var jump: NFTablesRule {
        var rule = NFTablesRule(chain: "OUTPUT", handle: 17)
        rule.comment = "kubernetes service portals"
        rule.target = "-j KUBE-SERVICES"
        return rule
    }

    @Test func `a rule that only the kernel could show is removed by its handle, before its chain`() throws {
        let listing = "*nat\n:KUBE-SERVICES - [0:0]\n\(jump.line)\nCOMMIT\n"
        let input = try #require(Ruleset.removalInput(from: InstalledRules(listing)))
        let removal = NFTablesRemoval(input)
        #expect(removal.rules == [NFTablesRemoval.Rule(table: "nat", chain: "OUTPUT", handle: 17)])
        #expect(removal.comesFirst)
        #expect(removal.input == "*nat\n:KUBE-SERVICES - [0:0]\n-X KUBE-SERVICES\nCOMMIT\n")
    }

    @Test func `a rule that is moved is inserted before it is removed`() throws {
        let listing = "*nat\n:KUBE-SERVICES - [0:0]\n\(jump.line)\nCOMMIT\n"
        let moved = try #require(JumpOrder.jumps.first { $0.origin == "OUTPUT" })
        let input = try #require(
            Ruleset(RuleConfiguration(), .v4).restoreInput(over: InstalledRules(listing), moving: [moved]))
        let removal = NFTablesRemoval(input)
        #expect(removal.rules.map(\.handle) == [17])
        #expect(!removal.comesFirst)
        #expect(removal.input?.contains("-I OUTPUT -m comment") == true)
    }

    @Test func `an input without handles is left as it is`() {
        let input = "*nat\n-D OUTPUT -j KUBE-SERVICES\n-D OUTPUT 3\nCOMMIT\n"
        #expect(NFTablesRemoval(input).input == input)
        #expect(NFTablesRemoval(input).rules.isEmpty)
        #expect(NFTablesRemoval("*nat\n-D OUTPUT -m handle --handle 3\nCOMMIT\n").input == nil)
    }

    @Test func `a rule that is for one address says so`() {
        var rule = NFTablesRule(chain: "PREROUTING", handle: 3)
        rule.destination = IPAddress("10.0.0.1")
        rule.target = "-j DNAT"
        #expect(rule.line == "-A PREROUTING -m handle --handle 3 -d 10.0.0.1/32 -j DNAT")
        rule.destination = nil
        rule.hasDestinationSet = true
        #expect(rule.line == "-A PREROUTING -m handle --handle 3 -m set --match-set unknown dst -j DNAT")
    }
}
