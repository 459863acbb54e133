// SPDX-License-Identifier: GPL-2.0-or-later
extension Ruleset {
    /// How what is installed is not as these rules, for a person: one line for each chain or jump.
    ///
    /// Of `KUBE-IPVS-OUT-FILTER` nothing is said: its rules depend on Services.
    public func differences(from installed: InstalledRules) -> [String] {
        var lines: [String] = []
        for chain in ServiceChain.allCases {
            let name = "chain \(chain.name) (\(chain.table.rawValue))"
            guard let found = installed.chains[chain] else {
                lines.append("\(name) is missing")
                continue
            }
            guard chain != .ipvsOutFilter else { continue }
            let wanted = self[chain]
            guard found.map({ CanonicalRule($0) }) != wanted.map({ CanonicalRule($0) }) else { continue }
            let canonical = Set(found.map { CanonicalRule($0) })
            if let missing = wanted.first(where: { !canonical.contains(CanonicalRule($0)) }) {
                lines.append("\(name) lacks: \(missing)")
            } else if let extra = Set(found).subtracting(wanted).sorted().first, found.count > wanted.count {
                lines.append("\(name) has besides: \(extra)")
            } else {
                lines.append("\(name) has its rules in another order")
            }
        }
        for jump in ServiceJump.all where installed.jumps[jump] == nil {
            lines.append("\(jump.table.rawValue) \(jump.origin) has no jump to \(jump.target.name)")
        }
        return lines
    }
}
