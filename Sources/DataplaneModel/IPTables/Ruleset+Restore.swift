// SPDX-License-Identifier: GPL-2.0-or-later
extension Ruleset {
    /// How a ruleset looked when it had just been written.
    ///
    /// A version of iptables may print one of our rules in a form that does not compare equal. This keeps such a rule
    /// from being written again in every pass.
    public struct Rendering: Hashable, Sendable {
        public var ruleset: Ruleset
        public var installed: InstalledRules

        /// - Parameters:
        ///   - ruleset: what was restored, without an error.
        ///   - installed: what was read right after it.
        public init(of ruleset: Ruleset, _ installed: InstalledRules) {
            self.ruleset = ruleset
            self.installed = installed
        }
    }

    /// What to give to `iptables-restore --noflush` so that these rules are in place; `nil` when they are.
    ///
    /// Only chains that differ are declared, which rewrites them, and only missing jumps are inserted.
    ///
    /// - Parameters:
    ///   - rendering: what was read after the last restore, if that is known.
    ///   - moved: jumps that are there, and go to the head of their chains.
    public func restoreInput(
        over installed: InstalledRules,
        rendering: Rendering? = nil,
        moving moved: [ServiceJump] = []
    ) -> String? {
        restoreInput { table in
            let chains = ServiceChain.allCases.filter { $0.table == table }
                .filter { !isInPlace($0, installed, rendering) }
            let jumps = ServiceJump.all.filter {
                $0.table == table && (installed.jumps[$0] == nil || moved.contains($0))
            }
            return chains.map { ":\($0.name) - [0:0]" }
                + chains.flatMap { chain in self[chain].map { "-A \(chain.name) \($0)" } }
                + jumps.flatMap { jump in (installed.jumps[jump] ?? []).map { "-D \(jump.origin) \($0)" } }
                + jumps.map { "-I \($0.origin) \($0.rule)" }
        }
    }

    /// As `removalInput(from:)`.
    ///
    /// Our jumps and chains go, each duplicate of a jump included. A chain that rules of others lead to cannot be deleted:
    /// it is emptied.
    ///
    /// - Parameter deletesChains: whether our chains go, or are only emptied.
    static func removalInput(from installed: InstalledRules, deletingChains deletesChains: Bool) -> String? {
        restoreInput { table in
            let chains = ServiceChain.allCases.filter { $0.table == table && installed.chains[$0] != nil }
            let jumps = ServiceJump.all.filter { $0.table == table }
            let deletable = chains.filter { !installed.chainsOthersUse.contains($0) }
            let needsFlush = chains.filter { deletable.contains($0) || installed.chains[$0] != [] }
            return needsFlush.map { ":\($0.name) - [0:0]" }
                + jumps.flatMap { jump in (installed.jumps[jump] ?? []).map { "-D \(jump.origin) \($0)" } }
                + (deletesChains ? deletable.map { "-X \($0.name)" } : [])
        }
    }

    /// What to give to `iptables-restore --noflush` so that nothing of ours is left; `nil` when nothing is there.
    public static func removalInput(from installed: InstalledRules) -> String? {
        removalInput(from: installed, deletingChains: true)
    }

    static func deletionInput(_ chain: ServiceChain) -> String {
        restoreInput { $0 == chain.table ? ["-X \(chain.name)"] : [] } ?? ""
    }

    func isInPlace(_ chain: ServiceChain, _ installed: InstalledRules, _ rendering: Rendering?) -> Bool {
        guard let found = installed.chains[chain], found.count == self[chain].count else { return false }
        if let rendering, rendering.ruleset[chain] == self[chain], rendering.ruleset.family == family,
            rendering.installed.chains[chain] == found
        {
            return true
        }
        return found == self[chain] || found.map { CanonicalRule($0) } == self[chain].map { CanonicalRule($0) }
    }

    private func restoreInput(_ lines: (RuleTable) -> [String]) -> String? {
        Self.restoreInput(lines)
    }

    private static func restoreInput(_ lines: (RuleTable) -> [String]) -> String? {
        let tables = RuleTable.allCases.compactMap { table -> String? in
            let lines = lines(table)
            guard !lines.isEmpty else { return nil }
            return (["*\(table.rawValue)"] + lines + ["COMMIT", ""]).joined(separator: "\n")
        }
        return tables.isEmpty ? nil : tables.joined()
    }
}
