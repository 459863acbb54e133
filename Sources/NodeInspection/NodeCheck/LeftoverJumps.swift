// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The rules that lead packets into what a kube-proxy in another mode, or with the other variant of iptables, has left behind.
///
/// Without them the rest is never looked at. So they are all that has to go, and nothing that serves goes with them: `kube-proxy --cleanup` and
/// `kube-ipvs cleanup` would take every virtual server too.
struct LeftoverJumps {
    /// As printed, without `-A`, each with its table.
    private(set) var rules: [(table: String, rule: String)] = []

    /// Where kube-proxy's rules, in iptables mode and in IPVS mode, let packets through, reject them or send them elsewhere.
    ///
    /// Not `KUBE-FORWARD`, which only accepts, not `KUBE-POSTROUTING`, which kubelet makes too, and not kubelet's `KUBE-FIREWALL`.
    private static let targets: Set<Substring> = [
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-NODE-PORT", "KUBE-PROXY-FIREWALL",
        "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER", "KUBE-SOURCE-RANGES-FIREWALL",
    ]

    /// - Parameters:
    ///   - listing: of `iptables-save` or `ip6tables-save`.
    ///   - isOwn: whether the daemon has its own rules there: those that it needs are none.
    init(_ listing: String, isOwn: Bool) {
        var table: RuleTable?
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("*") { table = RuleTable(rawValue: String(line.dropFirst())) }
            guard let table, line.hasPrefix("-A ") else { continue }
            let rule = line.dropFirst(3)
            let origin = rule.prefix { $0 != " " }
            guard !origin.hasPrefix("KUBE-"), let target = Self.target(of: rule), Self.targets.contains(target) else {
                continue
            }
            if isOwn,
                ServiceJump.all.contains(where: {
                    $0.table == table && $0.origin == origin && $0.target.name == target
                })
            {
                continue
            }
            rules.append((table.rawValue, String(rule)))
        }
    }

    private static func target(of rule: Substring) -> Substring? {
        let words = rule.split(separator: " ")
        guard let option = words.firstIndex(where: { $0 == "-j" || $0 == "-g" }), option + 1 < words.count else {
            return nil
        }
        return words[option + 1]
    }

    var isEmpty: Bool { rules.isEmpty }

    /// Commands that take them out one by one.
    func commands(_ variant: IPTablesVariant, _ family: IPFamily) -> String {
        let program = (family == .v4 ? "iptables" : "ip6tables") + "-" + variant.rawValue
        return rules.map { "`\(program) -t \($0.table) -D \($0.rule)`" }.joined(separator: ", ")
    }
}
