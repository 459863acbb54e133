// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// Rules that are written before it is known which Services there are.
extension Ruleset {
    /// The same rules, but with those that name Services as they are installed. A chain of them that is missing is empty.
    public func leavingServices(as installed: InstalledRules) -> Ruleset {
        var rules = rules
        rules[.ipvsOutFilter] = installed.chains[.ipvsOutFilter] ?? []
        return Ruleset(family: family, rules: rules)
    }

    /// Whether the rules take nothing away: each chain of ours that is there has these rules already, or none.
    ///
    /// Of another kind are the chains that kube-proxy has left, in iptables mode above all. Its `KUBE-SERVICES` leads to
    /// each Service. They stay until virtual servers take their place.
    public func takesNothingAway(from installed: InstalledRules) -> Bool {
        installed.chains.allSatisfy { chain, found in
            found.isEmpty || isInPlace(chain, installed, nil)
        }
    }

    private init(family: IPFamily, rules: [ServiceChain: [String]]) {
        self.family = family
        self.rules = rules
    }
}
