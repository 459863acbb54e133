// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Tells the virtual servers of this daemon, or of kube-proxy, from all others, by what else the two have put into the
/// kernel. IPVS itself does not record which program made a virtual server.
public struct VirtualServerOwnership: Hashable, Sendable {
    /// On the dummy link, or routed to the node as virtual IPs.
    public var boundAddresses: Set<IPAddress> = []
    /// On the node's other interfaces: node ports are served there.
    public var nodeAddresses: Set<IPAddress> = []
    /// What the sets hold of addresses with ports, whichever family they are for.
    public var servers: Set<VirtualServer.ID> = []
    public var nodePorts: Set<NodePort> = []
    /// Virtual servers in these networks belong to other programs, whatever is known of them (`ipvs.excludeCIDRs`).
    public var excludedNetworks: [IPPrefix]

    /// A port that is served at every address of the node that serves node ports.
    public struct NodePort: Hashable, Sendable {
        public var transport: TransportProtocol
        public var port: UInt16

        public init(_ transport: TransportProtocol, _ port: UInt16) {
            self.transport = transport
            self.port = port
        }
    }

    public init(excludedNetworks: [IPPrefix] = []) {
        self.excludedNetworks = excludedNetworks
    }

    /// The sets whose members tell of virtual servers. The others repeat what these hold, or hold endpoints.
    public static let tellingSets: [ServiceSet] = [
        .clusterIP, .externalIP, .externalIPLocal, .loadBalancer, .nodePortTCP, .nodePortUDP, .nodePortSCTP, .ipvsIPs,
    ]

    /// Takes a member of one of the telling sets into account.
    public mutating func note(_ entry: IPSetEntry, of set: ServiceSet) {
        switch (entry, set) {
        case (.ipPort(let address, let transport, let port), _):
            servers.insert(VirtualServer.ID(address: address, port: port, transport: transport))
        case (.port(let port), .nodePortTCP): nodePorts.insert(NodePort(.tcp, port))
        case (.port(let port), .nodePortUDP): nodePorts.insert(NodePort(.udp, port))
        case (.ip(let address), .ipvsIPs): boundAddresses.insert(address)
        default: break
        }
    }

    /// Takes routes of the daemon's protocol number into account. Those that it does not write tell of no virtual server.
    public mutating func note(_ routes: some Sequence<LocalRoute>) {
        boundAddresses.formUnion(routes.lazy.filter { !$0.isStray }.map(\.address))
    }

    /// Whether the virtual server is of this daemon's or kube-proxy's making.
    ///
    /// At a virtual IP that is the node's own all are: whatever else is there the daemon removes in each sync period.
    public func owns(_ id: VirtualServer.ID) -> Bool {
        guard !excludedNetworks.contains(where: { $0.contains(id.address) }) else { return false }
        return boundAddresses.contains(id.address) || servers.contains(id)
            || nodeAddresses.contains(id.address) && nodePorts.contains(NodePort(id.transport, id.port))
    }
}
