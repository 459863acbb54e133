// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Which rules with an effect are not as `iptables-restore` would have made them.
///
/// kube-proxy leaves out rules for sets without members, and those that only kube-ipvs has: both are no difference. Nor are the
/// rules of chains that nothing leads to.
public struct RuleDifferences: Hashable, Sendable {
    /// One line for each rule, as `iptables-save` prints it, with what is to be done with it; in a steady order.
    public private(set) var lines: [String] = []

    /// - Parameters:
    ///   - input: for `iptables-restore`: chains that differ, whole, and missing jumps.
    ///   - listing: what `iptables-save` printed.
    ///   - emptySets: the names of sets without members.
    public init(of input: String, over listing: String, _ family: IPFamily, emptySets: Set<String>) {
        let wanted = InstalledRules(input).chains
        let installed = InstalledRules(listing)
        let effect = RuleEffect(family, emptySets: emptySets)
        let reached = effect.chainsReached(in: installed.chains.merging(wanted) { $1 })
        for chain in ServiceChain.allCases {
            guard reached.contains(chain), let rules = wanted[chain] else { continue }
            compare(effect.effective(rules), effect.effective(installed.chains[chain] ?? []), of: chain)
        }
        for jump in ServiceJump.all where installed.jumps[jump] == nil {
            let rules = wanted[jump.target] ?? installed.chains[jump.target] ?? []
            guard !effect.effective(rules).isEmpty else { continue }
            lines.append("insert rule: \(jump.table.rawValue) -I \(jump.origin) \(jump.rule)")
        }
    }

    private mutating func compare(_ wanted: [String], _ found: [String], of chain: ServiceChain) {
        let (wantedForms, foundForms) = (wanted.map { CanonicalRule($0) }, found.map { CanonicalRule($0) })
        let place = "\(chain.table.rawValue) -A \(chain.name)"
        let (wantedSet, foundSet) = (Set(wantedForms), Set(foundForms))
        let before = lines.count
        for (rule, form) in zip(wanted, wantedForms) where !foundSet.contains(form) {
            lines.append("add rule: \(place) \(rule)")
        }
        for (rule, form) in zip(found, foundForms) where !wantedSet.contains(form) {
            lines.append("remove rule: \(place) \(rule)")
        }
        if lines.count == before, wantedForms != foundForms {
            lines.append("put rules in order: \(place)")
        }
    }
}

/// Which rules can match a packet.
private struct RuleEffect {
    private let emptySets: Set<String>
    /// Of what only kube-ipvs has: packets of the node itself to virtual IPs of the policy `Local`.
    private let ownMatches: Set<String>

    init(_ family: IPFamily, emptySets: Set<String>) {
        self.emptySets = emptySets
        ownMatches = Set([ServiceSet.loadBalancerLocal, .externalIPLocal].map { "\($0.name(for: family)) src,dst" })
    }

    func effective(_ rules: [String]) -> [String] {
        rules.filter { rule in
            let words = RuleWords(rule).words
            return !words.indices.dropLast(2).contains { index in
                words[index] == "--match-set" && words[..<index].last != "!"
                    && (emptySets.contains(words[index + 1])
                        || ownMatches.contains("\(words[index + 1]) \(words[index + 2])"))
            }
        }
    }

    /// The chains that a packet can get to by the jumps and by rules with an effect.
    func chainsReached(in chains: [ServiceChain: [String]]) -> Set<ServiceChain> {
        var reached: Set<ServiceChain> = []
        var next = Array(Set(ServiceJump.all.map(\.target)))
        while let chain = next.popLast() {
            guard reached.insert(chain).inserted else { continue }
            next += effective(chains[chain] ?? []).compactMap { rule in
                RuleWords(rule).words.last.flatMap { ServiceChain($0[...], in: chain.table) }
            }
        }
        return reached
    }
}
