// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A server behind a virtual server: what it is meant to be, without statistics.
public struct RealServer: Hashable, Sendable, BitwiseCopyable {
    /// What the kernel knows a real server by, within its virtual server.
    public struct ID: Hashable, Sendable, BitwiseCopyable {
        public var address: IPAddress
        /// Host byte order.
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    public var id: ID
    /// Its share under the weighted schedulers. 0 takes no new connections and keeps the old ones.
    public var weight: UInt32
    public var forwarding: ForwardingMethod
    /// No new connections at this many; 0 is no limit.
    public var upperThreshold: UInt32
    /// New connections again below this many; 0 is three quarters of the upper threshold.
    public var lowerThreshold: UInt32

    public init(
        id: ID,
        weight: UInt32 = 1,
        forwarding: ForwardingMethod = .masquerade,
        upperThreshold: UInt32 = 0,
        lowerThreshold: UInt32 = 0
    ) {
        self.id = id
        self.weight = weight
        self.forwarding = forwarding
        self.upperThreshold = upperThreshold
        self.lowerThreshold = lowerThreshold
    }
}

/// How packets reach a real server: `IP_VS_CONN_F_FWD_MASK` of `linux/ip_vs.h`.
public enum ForwardingMethod: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
    /// Network address translation: what Service routing uses, always.
    case masquerade = 0
    /// Delivered on this node; the kernel turns a real server with a local address into this by itself.
    case localNode = 1
    case tunnel = 2
    /// Direct routing: the packet goes on unchanged to the server's link-layer address.
    case directRoute = 3
    case bypass = 4
}

extension RealServer.ID: Comparable, CustomStringConvertible {
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.address == rhs.address ? lhs.port < rhs.port : lhs.address < rhs.address
    }

    public var description: String { address.joined(port: port) }
}
