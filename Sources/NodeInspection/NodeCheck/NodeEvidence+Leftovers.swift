// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// What an earlier proxy has left in iptables.
///
/// No advice here may take away what serves: a person follows it on a node that is in use.
extension NodeEvidence {
    var leftovers: [NodeFinding] {
        let own = rules.sorted { $0.key < $1.key }.compactMap { family, listing in
            Self.leftover(in: listing, family, variant, isOwn: true)
        }
        let others = otherRules.sorted { $0.key < $1.key }.compactMap { family, listing in
            Self.leftover(in: listing, family, variant == .nft ? .legacy : .nft, isOwn: false)
        }
        return (own + others).isEmpty
            ? [NodeFinding(.ok, "leftovers", "no rules that would be in the way")] : own + others
    }

    private static func leftover(
        in listing: String,
        _ family: IPFamily,
        _ variant: IPTablesVariant,
        isOwn: Bool
    ) -> NodeFinding? {
        let count = serviceChains(in: listing)
        let jumps = LeftoverJumps(listing, isOwn: isOwn)
        let place = "iptables-\(variant.rawValue) (\(family))"
        let subject: String
        let what: String
        if count > 0 {
            subject = "iptables mode"
            what = "\(count) chains of kube-proxy in iptables mode are in \(place)"
        } else if !isOwn, !jumps.isEmpty || !InstalledRules(listing).isEmpty {
            subject = "iptables variant"
            what = "rules of IPVS mode are in the other variant of iptables too, \(place)"
        } else {
            return nil
        }
        guard !jumps.isEmpty else {
            let words = isOwn ? "the daemon's first pass cuts them off" : "nothing leads to them"
            return NodeFinding(.notice, subject, "\(what): \(words), and they may stay until the node starts anew")
        }
        return NodeFinding(
            .warning, subject,
            "\(what): they take or refuse Service traffic. Once the daemon serves, take out what leads to them, and "
                + "nothing else: \(jumps.commands(variant, family))")
    }

    /// `KUBE-SVC-…` for Services and `KUBE-SEP-…` for endpoints, in the table nat.
    private static func serviceChains(in listing: String) -> Int {
        listing.split(separator: "\n").count { $0.hasPrefix(":KUBE-SVC-") || $0.hasPrefix(":KUBE-SEP-") }
    }
}
