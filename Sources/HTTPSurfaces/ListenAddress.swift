// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Where a server listens.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Which families an unspecified address stands for.
    public enum Scope: Hashable, Sendable {
        /// Only the address's own.
        case ownFamily
        /// Both, as for Go's `net.Listen("tcp", …)`, with which kube-proxy opens its health and metrics servers: it makes no
        /// difference there whether `0.0.0.0` or `::` is asked for. Where the node has no IPv6, IPv4 alone.
        case everyFamily
    }

    public var address: IPAddress
    /// 0 for any port that is free.
    public var port: UInt16
    /// Counts only for an unspecified address.
    public var scope: Scope

    public init(address: IPAddress, port: UInt16, scope: Scope = .ownFamily) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    public var description: String {
        address.family == .v6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}

/// Why an address cannot be listened on.
public struct ListenError: Error, Hashable, Sendable, CustomStringConvertible {
    public var address: ListenAddress
    /// What the system said, for a person.
    public var explanation: String

    public var description: String { "cannot listen on \(address): \(explanation)" }
}
