// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Glibc
import Reconcile

/// Tables that a save program cannot print as a whole.
extension KernelIPTables {
    /// Rules that can be asked for one by one, and how many of them in a row may be refused, before a chain counts as unreadable.
    private static let ruleLimit = 4096
    private static let refusalLimit = 16

    /// What a save program would print of a table, as far as it concerns us.
    ///
    /// - Parameter saved: what it did print.
    func readApart(
        _ table: RuleTable,
        _ family: IPFamily,
        after saved: SavedTables
    ) async throws(DataplaneError) -> String {
        switch variant {
        case .nft: try await readNFTables(table, family)
        case .legacy, nil: try await readLegacy(table, family, after: saved)
        }
    }

    /// The kernel tells which chains there are, and the rules of others; the program prints those of ours.
    private func readNFTables(_ table: RuleTable, _ family: IPFamily) async throws(DataplaneError) -> String {
        let kernel = try NFTablesTable.read(table.rawValue, family)
        var parts = TableParts(table)
        for chain in ServiceChain.allCases where chain.table == table && kernel.chains.contains(chain.name) {
            let outcome = try await list(chain.name, of: table, family)
            parts.add(chain, printed: outcome.standardOutput, isThere: true, isWhole: outcome.isSuccess)
        }
        let others = kernel.rules.filter { ServiceChain($0.chain[...], in: table) == nil }
        parts.add(rules: others.map(\.line))
        return parts.text
    }

    /// A match or target that the program has no library for ends it. So the chains are asked for one by one, and in a chain in
    /// which that happens, so are the rules.
    private func readLegacy(
        _ table: RuleTable,
        _ family: IPFamily,
        after saved: SavedTables
    ) async throws(DataplaneError) -> String {
        var parts = TableParts(table, after: saved)
        // Asking for a table would load it.
        guard LegacyTables.loaded(family).contains(table.rawValue) else { return parts.text }
        for chain in ServiceChain.allCases where chain.table == table {
            let outcome = try await list(chain.name, of: table, family)
            parts.add(chain, printed: outcome.standardOutput, isWhole: outcome.isSuccess)
        }
        for origin in TableParts.origins(of: table) {
            try await readLegacyRules(of: origin, table, family, into: &parts)
        }
        return parts.text
    }

    private func readLegacyRules(
        of chain: String,
        _ table: RuleTable,
        _ family: IPFamily,
        into parts: inout TableParts
    ) async throws(DataplaneError) {
        let outcome = try await list(chain, of: table, family)
        let printed = rules(outcome, of: chain)
        parts.add(rules: printed)
        guard !outcome.isSuccess else { return }
        var refusals = 0
        for number in stride(from: printed.count + 1, through: Self.ruleLimit, by: 1) {
            let outcome = try await list(chain, of: table, family, number: number)
            guard outcome.isSuccess else {
                refusals += 1
                guard refusals < Self.refusalLimit else { break }
                parts.addUnread(chain)
                continue
            }
            refusals = 0
            let printed = rules(outcome, of: chain)
            guard !printed.isEmpty else { return }
            parts.add(rules: printed)
        }
        throw DataplaneError(
            part: .rules, explanation: "cannot read the chain \(chain) of the table \(table.rawValue) (\(family))")
    }

    private func rules(_ outcome: Program.Outcome, of chain: String) -> [String] {
        outcome.standardOutput.split(separator: "\n").filter { $0.hasPrefix("-A \(chain) ") }.map(String.init)
    }

    private func list(
        _ chain: String,
        of table: RuleTable,
        _ family: IPFamily,
        number: Int? = nil
    ) async throws(DataplaneError) -> Program.Outcome {
        let arguments = waiting + ["-t", table.rawValue, "-S", chain] + (number.map { ["\($0)"] } ?? [])
        let name = "\(family.iptables)\(infix)"
        return try await Program(name: name, arguments: arguments, environment: environment).run()
    }

    // MARK: Which variant

    /// What both families' save programs of a variant print; `nil` when neither is installed.
    ///
    /// All tables are listed: naming one would make `iptables-legacy-save` load it.
    static func listing(of variant: IPTablesVariant) async throws(DataplaneError) -> String? {
        var listing: String?
        for family in IPFamily.allCases {
            let program = Program(name: "\(family.iptables)-\(variant.rawValue)-save")
            do throws(DataplaneError) {
                let outcome = try await program.run()
                listing = (listing ?? "") + (try await complete(outcome, of: variant, family))
            } catch {
                guard error.number == ENOENT else { throw error }
            }
        }
        return listing
    }

    /// Kubelet's chain is in `mangle`, and the tables with our rules are those that count.
    private static func complete(
        _ outcome: Program.Outcome,
        of variant: IPTablesVariant,
        _ family: IPFamily
    ) async throws(DataplaneError) -> String {
        let saved = SavedTables(outcome.standardOutput)
        let names = ["mangle"] + RuleTable.allCases.map(\.rawValue)
        let missing = names.filter { saved.leftOut.contains($0) || !outcome.isSuccess && !saved.isWhole($0) }
        guard !missing.isEmpty else { return outcome.standardOutput }
        var listing = saved.text
        for name in missing {
            switch variant {
            case .nft:
                // Where the kernel has no nf_tables, there are no rules in them.
                listing += (try? NFTablesTable.read(name, family).listing(named: name)) ?? ""
            case .legacy where LegacyTables.loaded(family).contains(name):
                let program = Program(name: "\(family.iptables)-\(variant.rawValue)-save", arguments: ["-t", name])
                // It prints the chains before it meets the rule that ends it.
                listing += try await program.run().standardOutput
            case .legacy: continue
            }
        }
        return listing
    }
}
