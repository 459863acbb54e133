// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// What the plan of every Service port starts from: the node, the settings, and what follows from the two together.
public struct PlanBasis: Hashable, Sendable {
    public let facts: NodeFacts
    public let configuration: PlanConfiguration
    /// The endpoints of the Service `default/kubernetes`, and their ports: the API servers.
    public let apiServerEndpoints: [IPAddress: Set<UInt16>]
    /// Schedulers that Services ask for and the kernel does not have.
    public let missingSchedulers: Set<Scheduler>
    private let nodePortAddressesV4: [IPAddress]
    private let nodePortAddressesV6: [IPAddress]

    public init(
        facts: NodeFacts,
        configuration: PlanConfiguration,
        apiServerEndpoints: [IPAddress: Set<UInt16>] = [:],
        missingSchedulers: Set<Scheduler> = []
    ) {
        self.facts = facts
        self.configuration = configuration
        self.apiServerEndpoints = apiServerEndpoints
        self.missingSchedulers = missingSchedulers
        nodePortAddressesV4 = Self.nodePortAddresses(of: .v4, facts, configuration.nodePortAddresses)
        nodePortAddressesV6 = Self.nodePortAddresses(of: .v6, facts, configuration.nodePortAddresses)
    }

    /// The addresses of the node that serve node ports, in ascending order. Computed once, for all Service ports.
    public func nodePortAddresses(of family: IPFamily) -> [IPAddress] {
        family == .v4 ? nodePortAddressesV4 : nodePortAddressesV6
    }

    /// Whether node ports of a family are served by every address, rather than by some.
    public func servesNodePortsEverywhere(_ family: IPFamily) -> Bool {
        Self.networks(of: family, facts, configuration.nodePortAddresses) == nil
    }

    /// kube-proxy leaves the addresses of kube-ipvs0 out when it takes every address, but not when it is given
    /// networks. A network that holds cluster IPs then turns each of them into a node port address. `NodeFacts` knows
    /// no address of kube-ipvs0, so that here both ways leave them out. The difference is on purpose.
    private static func nodePortAddresses(
        of family: IPFamily,
        _ facts: NodeFacts,
        _ setting: PlanConfiguration.NodePortAddresses
    ) -> [IPAddress] {
        let networks = networks(of: family, facts, setting)
        let candidates = facts.interfaceAddresses.lazy.filter { $0.family == family && !$0.isLoopback }
        let chosen =
            if let networks {
                candidates.filter { address in networks.contains { $0.contains(address) } }
            } else {
                // Of the link-local addresses kube-proxy leaves out the IPv6 ones alone.
                candidates.filter { family == .v4 || !$0.isLinkLocalUnicast }
            }
        return chosen.sorted()
    }

    /// The networks that an address has to be in; `nil` for every address.
    private static func networks(
        of family: IPFamily,
        _ facts: NodeFacts,
        _ setting: PlanConfiguration.NodePortAddresses
    ) -> [IPPrefix]? {
        switch setting {
        case .all:
            return nil
        case .inside(let networks):
            let ofFamily = networks.filter { $0.family == family }
            return ofFamily.isEmpty || ofFamily.contains(where: \.isZero) ? nil : ofFamily
        case .primary:
            // kube-proxy's list of networks comes out empty without a node address, and an empty list is every address.
            guard let nodeIP = facts.nodeIPs[family], nodeIP.family == family, !nodeIP.isLoopback else { return nil }
            return [IPPrefix(host: nodeIP)]
        }
    }
}
