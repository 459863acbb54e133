// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects

/// The members that a Service port gives to each of the sets.
extension Contribution {
    mutating func add(_ set: ServiceSet, _ entry: IPSetEntry) {
        setEntries.append(SetMembership(set, entry))
    }

    /// An endpoint on this node that reaches itself through a virtual IP would see its own address as the source, and answer
    /// past IPVS. The set marks these packets for masquerading. Readiness does not matter: an endpoint may connect out at
    /// any time, and connections outlive its readiness.
    mutating func addLoopBackEntries(_ endpoints: [PortEndpoint], _ port: ServicePort) {
        for endpoint in endpoints where endpoint.isLocal {
            let address = endpoint.id.address
            add(.loopBack, .ipPortIP(address, port.transport, endpoint.id.port, address))
        }
    }

    mutating func addAddressEntries(_ virtualIPs: [VirtualIP], _ service: Service) {
        for virtualIP in virtualIPs {
            let entry = IPSetEntry.ipPort(virtualIP.id)
            switch virtualIP.kind {
            case .clusterIP:
                add(.clusterIP, entry)
            case .externalIP:
                add(service.isExternalPolicyLocal ? .externalIPLocal : .externalIP, entry)
            case .loadBalancer:
                add(.loadBalancer, entry)
                if service.isExternalPolicyLocal { add(.loadBalancerLocal, entry) }
            case .nodePort:
                break  // once for the port, not for each address
            }
        }
    }

    /// Source ranges guard load balancer VIPs alone, not node ports and not external IPs.
    mutating func addSourceRangeEntries(
        _ virtualIPs: [VirtualIP],
        _ service: Service,
        _ family: IPFamily,
        _ basis: PlanBasis
    ) {
        let ranges = service.sourceRanges(of: family)
        guard !ranges.isEmpty else { return }
        let admitsNode =
            basis.facts.nodeIPs[family].map { nodeIP in ranges.contains { $0.contains(nodeIP) } } ?? false

        for virtualIP in virtualIPs where virtualIP.kind == .loadBalancer {
            let id = virtualIP.id
            add(.loadBalancerFirewall, .ipPort(id))
            for range in ranges {
                add(.loadBalancerSourceCIDR, .ipPortNet(id.address, id.transport, id.port, range))
            }
            if admitsNode {
                // The node's own packets to the VIP have the VIP as their source: it is an address of this node.
                add(.loadBalancerSourceIP, .ipPortIP(id.address, id.transport, id.port, id.address))
            } else {
                serversClosedToNode.append(id)
            }
        }
    }

    /// - Parameter isLocal: with `externalTrafficPolicy: Local` the port is in both sets of its protocol; the rules look at
    ///   the local one first.
    mutating func addNodePortEntries(_ port: ServicePort, _ addresses: [IPAddress], isLocal: Bool) {
        switch port.transport {
        case .tcp:
            add(.nodePortTCP, .port(port.nodePort))
            if isLocal { add(.nodePortLocalTCP, .port(port.nodePort)) }
        case .udp:
            add(.nodePortUDP, .port(port.nodePort))
            if isLocal { add(.nodePortLocalUDP, .port(port.nodePort)) }
        case .sctp:
            // bitmap:port matches TCP and UDP only (`ip_set_get_ip_port` in the kernel's ip_set_getport.c).
            for address in addresses {
                add(.nodePortSCTP, .ipPort(address, .sctp, port.nodePort))
            }
            guard isLocal else { return }
            for address in addresses {
                add(.nodePortLocalSCTP, .ipPort(address, .sctp, port.nodePort))
            }
        }
    }
}

extension IPSetEntry {
    fileprivate static func ipPort(_ id: VirtualServer.ID) -> IPSetEntry {
        .ipPort(id.address, id.transport, id.port)
    }
}
