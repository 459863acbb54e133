// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// The rules of one family, as they are meant to be.
///
/// A rule that matches on a set is there whether or not the set has members: an empty set never matches. So the rules
/// depend on the configuration alone. The exception is one in KUBE-IPVS-OUT-FILTER for each load balancer VIP that this
/// node may not reach. There the packet's destination is a pod already, and only `-m ipvs --vaddr` still knows the VIP.
///
/// Each rule is in the form in which `iptables-save` prints it, so that what was written and what is read compare equal.
public struct Ruleset: Hashable, Sendable {
    public let family: IPFamily

    /// The rules of each chain, without the chain's name.
    let rules: [ServiceChain: [String]]

    /// - Parameter closedServers: load balancer VIPs whose source ranges do not let this node in. Those of the other
    ///   family are left aside.
    public init(_ configuration: RuleConfiguration, _ family: IPFamily, closedServers: [VirtualServer.ID] = []) {
        self.family = family
        var rules: [ServiceChain: [String]] = [:]
        let text = RuleText(configuration, family)
        for chain in ServiceChain.allCases {
            rules[chain] =
                switch chain {
                case .services: text.services
                case .postrouting: text.postrouting
                case .natNodePort: text.natNodePort
                case .loadBalancer: text.loadBalancer
                case .markMasquerade: text.markMasquerade
                case .forward: text.forward
                case .filterNodePort: text.filterNodePort
                case .proxyFirewall: text.proxyFirewall
                case .sourceRangesFirewall: text.sourceRangesFirewall
                case .ipvsFilter: text.ipvsFilter
                case .ipvsOutFilter: text.ipvsOutFilter(Set(closedServers.filter { $0.family == family }).sorted())
                }
        }
        self.rules = rules
    }

    /// The rules of a chain in order, each as `iptables-save` prints it after `-A CHAIN `.
    public subscript(chain: ServiceChain) -> [String] {
        rules[chain] ?? []
    }
}
