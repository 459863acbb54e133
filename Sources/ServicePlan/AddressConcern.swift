// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneModel
import KubernetesObjects

/// An external or load balancer IP that is also the address of another host, with which the node speaks.
public struct AddressConcern: Hashable, Sendable {
    public enum Reason: String, CaseIterable, Hashable, Sendable {
        case apiServer = "an address of the API server"
        case defaultGateway = "the node's default gateway"
        case otherHost = "an address of another host"
    }

    public var kind: VirtualIP.Kind
    public var address: IPAddress
    public var reason: Reason
    /// Whether the Service gets the address all the same.
    public var isAttracted: Bool

    public init(kind: VirtualIP.Kind, address: IPAddress, reason: Reason, isAttracted: Bool) {
        self.kind = kind
        self.address = address
        self.reason = reason
        self.isAttracted = isAttracted
    }
}

extension AddressConcern: CustomStringConvertible {
    public var description: String {
        let consequence =
            isAttracted
            ? "this node reaches that host no more but through the Service" : "the Service does not attract it"
        return "\(kind.rawValue) \(address) is \(reason.rawValue): \(consequence)"
    }
}

extension Service {
    /// What is to be said of the external and load balancer IPs of a family.
    ///
    /// kube-proxy binds all of them. A node may then be cut off from its API server, and no longer learns that the
    /// Service has gone. It may also be cut off from its gateway, or from other nodes whose addresses a controller
    /// gives out (klipper-lb of k3s).
    ///
    /// - Parameter endpoints: of the port.
    func addressConcerns(
        of port: ServicePort,
        _ endpoints: [PortEndpoint],
        in family: IPFamily,
        _ basis: PlanBasis
    ) -> [AddressConcern] {
        guard !externalIPs.isEmpty || !loadBalancerVIPs.isEmpty else { return [] }
        var concerns: [AddressConcern] = []
        func look(at addresses: [IPAddress], _ kind: VirtualIP.Kind) {
            for address in addresses where address.family == family {
                guard let reason = reason(at: address, of: port, endpoints, basis, besides: addresses) else { continue }
                concerns.append(
                    AddressConcern(
                        kind: kind,
                        address: address,
                        reason: reason,
                        isAttracted: reason == .otherHost || basis.configuration.attractsVitalAddresses
                    )
                )
            }
        }
        if basis.configuration.allowsExternalIPs { look(at: externalIPs, .externalIP) }
        look(at: loadBalancerVIPs, .loadBalancer)
        return concerns
    }

    private func reason(
        at address: IPAddress,
        of port: ServicePort,
        _ endpoints: [PortEndpoint],
        _ basis: PlanBasis,
        besides others: [IPAddress]
    ) -> AddressConcern.Reason? {
        let facts = basis.facts
        // What is the node's own is not bound: the Service attracts its port there and no other one.
        let isOwn = facts.interfaceAddresses.contains(address)
        if name != .apiServer {
            if let ports = basis.apiServerEndpoints[address], !isOwn || port.takes(ports) { return .apiServer }
            if let ports = facts.surroundings.apiServers[address], !isOwn || port.takes(ports),
                !basis.areAPIServers(endpoints)
            {
                return .apiServer
            }
        }
        guard !isOwn else { return nil }
        if facts.surroundings.defaultGateways.contains(address) { return .defaultGateway }
        // A Service that lists addresses of nodes lists them all.
        let isOtherHost =
            facts.surroundings.otherGateways.contains(address) || facts.surroundings.otherNodes.contains(address)
            || facts.surroundings.neighbours.contains(address)
            || others.contains(where: facts.interfaceAddresses.contains)
        return isOtherHost ? .otherHost : nil
    }
}

extension ServicePort {
    fileprivate func takes(_ ports: Set<UInt16>) -> Bool {
        transport == .tcp && ports.contains(port)
    }
}

extension PlanBasis {
    /// Whether a Service with these endpoints leads to the API servers: one that stands before them may have the address.
    fileprivate func areAPIServers(_ endpoints: [PortEndpoint]) -> Bool {
        !endpoints.isEmpty && endpoints.allSatisfy { apiServerEndpoints[$0.id.address] != nil }
    }
}

extension [AddressConcern] {
    /// Whether one of them keeps an address from the Service.
    func withhold(_ kind: VirtualIP.Kind, _ address: IPAddress) -> Bool {
        contains { !$0.isAttracted && $0.kind == kind && $0.address == address }
    }
}
