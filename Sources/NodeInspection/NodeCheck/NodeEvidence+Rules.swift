// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// What rules of others, in either variant of iptables, keep from Services.
extension NodeEvidence {
    var foreignRules: [NodeFinding] {
        var findings: [NodeFinding] = []
        for (family, listing) in rules.sorted(by: { $0.key < $1.key }) {
            // KUBE-FORWARD lets Services through a FORWARD that drops.
            findings += Self.policies(in: listing, ["INPUT", "OUTPUT"], "iptables", family)
            findings += Self.order(in: listing, family)
        }
        for (family, listing) in otherRules.sorted(by: { $0.key < $1.key }) {
            findings += Self.policies(
                in: listing, ["INPUT", "OUTPUT", "FORWARD"], "the other variant of iptables", family)
        }
        if programs.contains("firewalld") {
            findings.append(
                NodeFinding(
                    .notice, "firewall",
                    "firewalld runs: what it does not let in and through is lost to Services too"))
        }
        return findings
    }

    /// Packets to a virtual IP go to the node itself (INPUT), and IPVS sends them on as the node's own (OUTPUT). Only what endpoints
    /// answer is forwarded.
    private static func policies(
        in listing: String,
        _ chains: Set<Substring>,
        _ place: String,
        _ family: IPFamily
    ) -> [NodeFinding] {
        let dropping = ListedPolicies(listing).dropping(amongFilter: chains)
        guard !dropping.isEmpty else { return [] }
        return [
            NodeFinding(
                .warning, "policies",
                "\(dropping.joined(separator: ", ")) of \(place) (\(family)) drops what no rule accepts: packets to Services, "
                    + "and what endpoints answer, are lost unless rules of yours let them through")
        ]
    }

    private static func order(in listing: String, _ family: IPFamily) -> [NodeFinding] {
        let preceding = JumpOrder(listing).preceding.values.joined().map(\.description).sorted()
        guard let first = preceding.first else { return [] }
        return [
            NodeFinding(
                .warning, "rule order",
                "\(preceding.count) rules of others come before KUBE-SERVICES (\(family)), and take what they match from "
                    + "Services: \(first)")
        ]
    }
}
