// SPDX-License-Identifier: GPL-2.0-or-later
/// A table of iptables that holds rules of ours.
public enum RuleTable: String, CaseIterable, Hashable, Sendable {
    case nat
    case filter
}

/// The chains that are ours. Names and tables are kube-proxy's; both families have them.
public enum ServiceChain: CaseIterable, Hashable, Sendable {
    case services
    case postrouting
    case natNodePort
    case loadBalancer
    case markMasquerade
    case forward
    case filterNodePort
    case proxyFirewall
    case sourceRangesFirewall
    case ipvsFilter
    case ipvsOutFilter

    public var table: RuleTable {
        switch self {
        case .services, .postrouting, .natNodePort, .loadBalancer, .markMasquerade: .nat
        case .forward, .filterNodePort, .proxyFirewall, .sourceRangesFirewall, .ipvsFilter, .ipvsOutFilter: .filter
        }
    }

    public var name: String {
        switch self {
        case .services: "KUBE-SERVICES"
        case .postrouting: "KUBE-POSTROUTING"
        case .natNodePort, .filterNodePort: "KUBE-NODE-PORT"
        case .loadBalancer: "KUBE-LOAD-BALANCER"
        case .markMasquerade: "KUBE-MARK-MASQ"
        case .forward: "KUBE-FORWARD"
        case .proxyFirewall: "KUBE-PROXY-FIREWALL"
        case .sourceRangesFirewall: "KUBE-SOURCE-RANGES-FIREWALL"
        case .ipvsFilter: "KUBE-IPVS-FILTER"
        case .ipvsOutFilter: "KUBE-IPVS-OUT-FILTER"
        }
    }

    /// The chain of ours with that name in a table.
    public init?(_ name: Substring, in table: RuleTable) {
        guard let chain = Self.allCases.first(where: { $0.table == table && $0.name == name }) else { return nil }
        self = chain
    }
}

/// A rule of a built-in chain that leads to a chain of ours. It has no match but its comment.
public struct ServiceJump: Hashable, Sendable {
    /// A built-in chain of the table that `target` is in.
    public var origin: String
    public var target: ServiceChain
    public var comment: String

    /// All jumps, in the order in which missing ones are inserted, each at the head of its chain. So on a fresh node the
    /// last inserted one comes first.
    public static let all = [
        ServiceJump(origin: "OUTPUT", target: .services, comment: "kubernetes service portals"),
        ServiceJump(origin: "PREROUTING", target: .services, comment: "kubernetes service portals"),
        ServiceJump(origin: "POSTROUTING", target: .postrouting, comment: "kubernetes postrouting rules"),
        ServiceJump(origin: "FORWARD", target: .forward, comment: "kubernetes forwarding rules"),
        ServiceJump(origin: "INPUT", target: .filterNodePort, comment: "kubernetes health check rules"),
        ServiceJump(origin: "INPUT", target: .proxyFirewall, comment: "kube-proxy firewall rules"),
        ServiceJump(origin: "FORWARD", target: .proxyFirewall, comment: "kube-proxy firewall rules"),
        ServiceJump(origin: "INPUT", target: .ipvsFilter, comment: "kubernetes ipvs access filter"),
        ServiceJump(origin: "OUTPUT", target: .ipvsOutFilter, comment: "kubernetes ipvs access filter"),
    ]

    public var table: RuleTable { target.table }

    /// The rule as iptables prints it, without the chain that it is in.
    var rule: String {
        "\(RuleText.comment(comment)) -j \(target.name)"
    }

    /// Whether a rule of `origin` is this jump, by where it leads and its comment. It may have other matches too.
    ///
    /// - Parameter words: the rule without `-A CHAIN`.
    func matches(_ words: [String]) -> Bool {
        words.suffix(2) == ["-j", target.name]
            && zip(words, words.dropFirst()).contains { $0 == "--comment" && $1 == comment }
    }
}
