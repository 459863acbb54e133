// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// Which virtual servers are shown. What is `nil` admits all; what is given has to be so in all parts.
public struct ServerFilter: Hashable, Sendable {
    public var namespace: String?
    /// The name of a Service, without its namespace.
    public var service: String?
    public var address: IPAddress?
    public var port: UInt16?
    public var transport: TransportProtocol?

    public init() {}

    /// Whether names decide.
    public var needsNames: Bool { namespace != nil || service != nil }

    public var isEmpty: Bool { self == ServerFilter() }

    /// Whether a virtual server may be shown, as far as its identity decides. One for a firewall mark has neither address nor
    /// port.
    public func admits(_ identity: ObservedVirtualServer.Identity) -> Bool {
        guard case .address(let id) = identity else { return address == nil && port == nil && transport == nil }
        return (address ?? id.address) == id.address && (port ?? id.port) == id.port
            && (transport ?? id.transport) == id.transport
    }

    /// Whether a virtual server may be shown, as far as its Service decides.
    public func admits(_ names: ServerNames) -> Bool {
        guard needsNames else { return true }
        guard let owner = names.service else { return false }
        return (namespace ?? owner.namespace) == owner.namespace && (service ?? owner.name) == owner.name
    }
}
