// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// What a packet's way depends on beside rules: how a node's kernel answers, each question when it is asked.
///
/// A trace asks for one virtual server, a few routes and a few set entries, however much a node has.
public struct NodeView {
    /// What the kernel's routing says of an address.
    public struct Route: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// The node's own. `isAddress` is `false` where a route says so, and no address; `nil` where that is not known.
            case local(isAddress: Bool?)
            case unicast
            /// With the kernel's words, such as `Network is unreachable`.
            case none(String)
        }

        public var kind: Kind
        /// The link that packets go by; for a local address the one that has it.
        public var link: String?
        public var gateway: IPAddress?
        /// What the node itself would send from.
        public var source: IPAddress?

        public init(_ kind: Kind, link: String? = nil, gateway: IPAddress? = nil, source: IPAddress? = nil) {
            self.kind = kind
            self.link = link
            self.gateway = gateway
            self.source = source
        }

        public var isLocal: Bool {
            if case .local = kind { true } else { false }
        }
    }

    /// Where packets to an address go; with a source and a link, those that come from there.
    public var route: (_ destination: IPAddress, _ source: IPAddress?, _ inLink: String?) -> Route
    /// Whether a set of that name has the entry; `nil` where the kernel could not be asked. No such set is `false`.
    public var isMember: (_ set: String, _ entry: IPSetEntry) -> Bool?
    /// With its real servers; `nil` when there is none.
    public var virtualServer: (ObservedVirtualServer.Identity) -> ObservedVirtualServer?
    /// The address that MASQUERADE puts in the place of the source of what goes by a link to a host over a next hop, which may be
    /// the host; `nil` where it cannot be told.
    public var masqueradeAddress: (_ link: String, _ destination: IPAddress, _ nextHop: IPAddress) -> IPAddress?
    /// Whether packets of a link come over ports of a bridge, and iptables is told so.
    public var isBridge: (_ link: String) -> Bool
    /// `net.ipv4.vs.conntrack`: without it nothing that IPVS handles is masqueraded.
    public var tracksConnections: Bool

    public init(
        route: @escaping (IPAddress, IPAddress?, String?) -> Route,
        isMember: @escaping (String, IPSetEntry) -> Bool?,
        virtualServer: @escaping (ObservedVirtualServer.Identity) -> ObservedVirtualServer?,
        masqueradeAddress: @escaping (String, IPAddress, IPAddress) -> IPAddress?,
        isBridge: @escaping (String) -> Bool = { _ in false },
        tracksConnections: Bool = true
    ) {
        self.route = route
        self.isMember = isMember
        self.virtualServer = virtualServer
        self.masqueradeAddress = masqueradeAddress
        self.isBridge = isBridge
        self.tracksConnections = tracksConnections
    }

    func isLocal(_ address: IPAddress) -> Bool? {
        route(address, nil, nil).isLocal
    }
}
