// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What the rules of one family depend on, beside the sets.
public struct RuleConfiguration: Hashable, Sendable {
    /// The bit of the packet mark that asks for masquerading: `1 << iptables.masqueradeBit`.
    public var masqueradeMark: UInt32
    /// Masquerade everything that goes to a cluster IP, also from local pods.
    public var masqueradeAll: Bool
    public var localDetector: LocalTrafficDetector
    public var ownTraffic: OwnTraffic
    /// Give masqueraded connections random source ports, which iptables knows from 1.6.2 on.
    public var usesRandomFully: Bool

    /// The mark of kube-proxy's default bit, 14.
    public static let defaultMasqueradeMark: UInt32 = 1 << 14

    public init(
        masqueradeMark: UInt32 = defaultMasqueradeMark,
        masqueradeAll: Bool = false,
        localDetector: LocalTrafficDetector = .none,
        ownTraffic: OwnTraffic = .isFromVirtualIPs,
        usesRandomFully: Bool = true
    ) {
        self.masqueradeMark = masqueradeMark
        self.masqueradeAll = masqueradeAll
        self.localDetector = localDetector
        self.ownTraffic = ownTraffic
        self.usesRandomFully = usesRandomFully
    }
}

/// How what the node itself sends to a virtual IP is told from other traffic. Its answer has to come back to this node,
/// so it is masqueraded.
public enum OwnTraffic: Hashable, Sendable {
    /// Its source is a virtual IP. So it is where virtual IPs are addresses of the node: the kernel prefers a source that
    /// equals the destination (RFC 6724, rule 1). These are kube-proxy's rules.
    case isFromVirtualIPs
    /// Its source is any address of the node. An IPv6 route of type `local` gives no source, as it does for IPv4: the
    /// kernel chooses among the addresses of interfaces (`ip6_route_get_saddr`, `ip_route_output_key_hash_rcu`).
    /// Where virtual IPs are addresses, this matches what the other one does, and what programs send that have chosen
    /// their source.
    case isFromTheNode

    /// What tells own traffic where virtual IPs are the node's in this way.
    public init(_ virtualIPs: VirtualIPMode) {
        switch virtualIPs {
        case .addresses: self = .isFromVirtualIPs
        case .routes: self = .isFromTheNode
        }
    }
}

/// How traffic of this node's pods is told from other traffic. What is not local is masqueraded on its way to a cluster
/// IP.
public enum LocalTrafficDetector: Hashable, Sendable {
    /// Nothing is known: only what a node sends from a virtual IP of its own is masqueraded.
    case none
    /// Pods have addresses in this network: that of the cluster, or that of the node. One of the other family counts as
    /// nothing known.
    case clusterCIDR(IPPrefix)
    /// Pods are behind the bridge of this name.
    case bridgeInterface(String)
    /// Pods are behind interfaces whose names begin so.
    case interfaceNamePrefix(String)
}
