// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
public import KubernetesObjects

/// An address and port at which a Service port is reached on this node.
public struct VirtualIP: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case clusterIP = "cluster IP"
        case externalIP = "external IP"
        case loadBalancer = "load balancer"
        case nodePort = "node port"

        /// How strong the claim to the address and port is.
        public var claim: VirtualServer.Claim {
            switch self {
            case .clusterIP: .clusterIP
            case .nodePort: .nodePort
            case .loadBalancer: .loadBalancer
            case .externalIP: .externalIP
            }
        }

        /// The kind of address whose claim it is.
        public init(_ claim: VirtualServer.Claim) {
            switch claim {
            case .clusterIP: self = .clusterIP
            case .nodePort: self = .nodePort
            case .loadBalancer: self = .loadBalancer
            case .externalIP: self = .externalIP
            }
        }
    }

    /// Why the dummy link has the address, or has not.
    public enum Binding: Hashable, Sendable {
        case bound
        /// The address is already this node's, so its packets arrive without us.
        case onOtherInterface
        /// Node ports use the node's own addresses.
        case nodeAddress
    }

    public var kind: Kind
    public var id: VirtualServer.ID
    /// The traffic policy that decides its real servers.
    public var policy: Service.TrafficPolicy
    public var binding: Binding
}

extension Service {
    /// Every address and port at which a port of the Service is reached in one family; by kind, and ascending within.
    ///
    /// Empty when the Service has no cluster IP of the family: kube-proxy then leaves the whole port out.
    ///
    /// - Parameter concerns: those of the port; what is not to be attracted is left out.
    func virtualIPs(
        of port: ServicePort,
        in family: IPFamily,
        _ basis: PlanBasis,
        _ concerns: [AddressConcern]
    ) -> [VirtualIP] {
        guard let clusterIP = programmedClusterIP(of: family) else { return [] }
        let externalPolicy: TrafficPolicy = isExternalPolicyLocal ? .local : .cluster
        var virtualIPs: [VirtualIP] = []

        func add(_ kind: VirtualIP.Kind, _ address: IPAddress, _ number: UInt16, _ binding: VirtualIP.Binding) {
            virtualIPs.append(
                VirtualIP(
                    kind: kind,
                    id: VirtualServer.ID(address: address, port: number, transport: port.transport),
                    policy: kind == .clusterIP ? internalTrafficPolicy : externalPolicy,
                    binding: binding
                )
            )
        }
        /// Packets to an address of another interface arrive without us. Bound a second time it would be ours to remove.
        func binding(_ address: IPAddress) -> VirtualIP.Binding {
            basis.facts.interfaceAddresses.contains(address) ? .onOtherInterface : .bound
        }

        add(.clusterIP, clusterIP, port.port, .bound)
        if basis.configuration.allowsExternalIPs {
            for address in externalIPs(of: family) where !concerns.withhold(.externalIP, address) {
                add(.externalIP, address, port.port, binding(address))
            }
        }
        for address in loadBalancerVIPs(of: family) where !concerns.withhold(.loadBalancer, address) {
            add(.loadBalancer, address, port.port, binding(address))
        }
        if port.nodePort != 0 {
            for address in basis.nodePortAddresses(of: family) {
                add(.nodePort, address, port.nodePort, .nodeAddress)
            }
        }

        // The cluster IP can be listed as an external IP too. There is one virtual server then, and kube-proxy, which
        // writes external ones later, leaves it with their real servers.
        if internalTrafficPolicy != externalPolicy,
            virtualIPs.dropFirst().contains(where: { $0.id == virtualIPs[0].id })
        {
            virtualIPs[0].policy = externalPolicy
        }
        return virtualIPs
    }
}
