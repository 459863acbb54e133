/// What takes our rules away, and how many there are.
public struct RulesRemoval: Hashable, Sendable {
    /// For `iptables-restore --noflush`; `nil` when there is nothing to remove.
    public var input: String?
    /// Rules of built-in chains.
    public var jumps: Int
    /// Chains that are deleted.
    public var chains: Int
    /// Chains that stay, empty, because rules of others lead to them.
    public var keptChains: [ServiceChain]

    public init(from installed: InstalledRules) {
        input = Ruleset.removalInput(from: installed)
        jumps = installed.jumps.values.reduce(0) { $0 + $1.count }
        keptChains = ServiceChain.allCases.filter {
            installed.chains[$0] != nil && installed.chainsOthersUse.contains($0)
        }
        chains = installed.chains.count - keptChains.count
    }
}
