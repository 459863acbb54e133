// SPDX-License-Identifier: GPL-2.0-or-later
/// What takes our rules away, and how many there are.
public struct RulesRemoval: Hashable, Sendable {
    /// For `iptables-restore --noflush`; `nil` when there is nothing to remove.
    public var input: String?
    /// The same in steps, for where the input is refused as a whole. First our chains are emptied and the jumps to them
    /// removed, then each chain is deleted. A chain cannot be deleted if something not in the listing leads to it (a
    /// map of verdicts).
    public var steps: Steps
    /// Rules of built-in chains.
    public var jumps: Int
    /// Chains that are deleted.
    public var chains: Int
    /// Chains that stay, empty, because rules of others lead to them.
    public var keptChains: [ServiceChain]

    public struct Steps: Hashable, Sendable {
        /// `nil` when there is nothing to empty.
        public var emptying: String?
        public var deletions: [(chain: ServiceChain, input: String)] {
            chains.map { ($0, Ruleset.deletionInput($0)) }
        }
        var chains: [ServiceChain]
    }

    public init(from installed: InstalledRules) {
        input = Ruleset.removalInput(from: installed)
        steps = Steps(
            emptying: Ruleset.removalInput(from: installed, deletingChains: false),
            chains: ServiceChain.allCases.filter {
                installed.chains[$0] != nil && !installed.chainsOthersUse.contains($0)
            })
        jumps = installed.jumps.values.reduce(0) { $0 + $1.count }
        keptChains = ServiceChain.allCases.filter {
            installed.chains[$0] != nil && installed.chainsOthersUse.contains($0)
        }
        chains = installed.chains.count - keptChains.count
    }
}
