// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// The sets that the rules match on, each kept once for each family. Names, types and texts are kube-proxy's.
public enum ServiceSet: UInt8, CaseIterable, Hashable, Sendable {
    case loopBack
    case clusterIP
    case externalIP
    case externalIPLocal
    case loadBalancer
    case loadBalancerFirewall
    case loadBalancerLocal
    case loadBalancerSourceIP
    case loadBalancerSourceCIDR
    case nodePortTCP
    case nodePortLocalTCP
    case nodePortUDP
    case nodePortLocalUDP
    case nodePortSCTP
    case nodePortLocalSCTP
    case healthCheckNodePort
    case ipvsIPs

    /// The name in the kernel. IPv6 names replace `KUBE-` by `KUBE-6-` and are cut to 31 characters
    /// (`IPSET_MAXNAMELEN` with its final zero).
    public func name(for family: IPFamily) -> String {
        switch family {
        case .v4: "KUBE-" + suffix
        case .v6: String(("KUBE-6-" + suffix).prefix(31))
        }
    }

    public var type: IPSetType {
        switch self {
        case .loopBack, .loadBalancerSourceIP: .hashIPPortIP
        case .loadBalancerSourceCIDR: .hashIPPortNet
        case .clusterIP, .externalIP, .externalIPLocal, .loadBalancer, .loadBalancerFirewall, .loadBalancerLocal,
            .nodePortSCTP, .nodePortLocalSCTP:
            .hashIPPort
        case .nodePortTCP, .nodePortLocalTCP, .nodePortUDP, .nodePortLocalUDP, .healthCheckNodePort: .bitmapPort
        case .ipvsIPs: .hashIP
        }
    }

    private var suffix: String {
        switch self {
        case .loopBack: "LOOP-BACK"
        case .clusterIP: "CLUSTER-IP"
        case .externalIP: "EXTERNAL-IP"
        case .externalIPLocal: "EXTERNAL-IP-LOCAL"
        case .loadBalancer: "LOAD-BALANCER"
        case .loadBalancerFirewall: "LOAD-BALANCER-FW"
        case .loadBalancerLocal: "LOAD-BALANCER-LOCAL"
        case .loadBalancerSourceIP: "LOAD-BALANCER-SOURCE-IP"
        case .loadBalancerSourceCIDR: "LOAD-BALANCER-SOURCE-CIDR"
        case .nodePortTCP: "NODE-PORT-TCP"
        case .nodePortLocalTCP: "NODE-PORT-LOCAL-TCP"
        case .nodePortUDP: "NODE-PORT-UDP"
        case .nodePortLocalUDP: "NODE-PORT-LOCAL-UDP"
        case .nodePortSCTP: "NODE-PORT-SCTP-HASH"
        case .nodePortLocalSCTP: "NODE-PORT-LOCAL-SCTP-HASH"
        case .healthCheckNodePort: "HEALTH-CHECK-NODE-PORT"
        case .ipvsIPs: "IPVS-IPS"
        }
    }

    /// What the set is for, as the comment of the rules that match on it.
    public var comment: String {
        switch self {
        case .loopBack: "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"
        case .clusterIP: "Kubernetes service cluster ip + port for masquerade purpose"
        case .externalIP: "Kubernetes service external ip + port for masquerade and filter purpose"
        case .externalIPLocal: "Kubernetes service external ip + port with externalTrafficPolicy=local"
        case .loadBalancer: "Kubernetes service lb portal"
        case .loadBalancerFirewall:
            "Kubernetes service load balancer ip + port for load balancer with sourceRange"
        case .loadBalancerLocal: "Kubernetes service load balancer ip + port with externalTrafficPolicy=local"
        case .loadBalancerSourceIP:
            "Kubernetes service load balancer ip + port + source IP for packet filter purpose"
        case .loadBalancerSourceCIDR:
            "Kubernetes service load balancer ip + port + source cidr for packet filter purpose"
        case .nodePortTCP: "Kubernetes nodeport TCP port for masquerade purpose"
        case .nodePortLocalTCP: "Kubernetes nodeport TCP port with externalTrafficPolicy=local"
        case .nodePortUDP: "Kubernetes nodeport UDP port for masquerade purpose"
        case .nodePortLocalUDP: "Kubernetes nodeport UDP port with externalTrafficPolicy=local"
        case .nodePortSCTP: "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'"
        case .nodePortLocalSCTP:
            "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'"
        case .healthCheckNodePort: "Kubernetes health check node port"
        case .ipvsIPs: "Addresses on the ipvs interface"
        }
    }
}
