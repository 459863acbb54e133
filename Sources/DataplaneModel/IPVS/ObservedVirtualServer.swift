// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A virtual server as the kernel dumps it, with its real servers and counters.
public struct ObservedVirtualServer: Hashable, Sendable {
    /// A virtual server stands for an address and port, or for packets with a firewall mark.
    public enum Identity: Hashable, Sendable {
        case address(VirtualServer.ID)
        case firewallMark(UInt32, IPFamily)

        public var family: IPFamily {
            switch self {
            case .address(let id): id.family
            case .firewallMark(_, let family): family
            }
        }
    }

    public var identity: Identity
    public var configuration: VirtualServer.Configuration
    public var statistics: TrafficStatistics
    /// In the kernel's order.
    public var realServers: [ObservedRealServer]

    public init(
        identity: Identity,
        configuration: VirtualServer.Configuration,
        statistics: TrafficStatistics = TrafficStatistics(),
        realServers: [ObservedRealServer] = []
    ) {
        self.identity = identity
        self.configuration = configuration
        self.statistics = statistics
        self.realServers = realServers
    }
}

/// A real server as the kernel dumps it.
public struct ObservedRealServer: Hashable, Sendable {
    public var realServer: RealServer
    public var activeConnections: UInt32
    public var inactiveConnections: UInt32
    public var persistentConnections: UInt32
    public var statistics: TrafficStatistics
    /// How packets are wrapped; only for `ForwardingMethod.tunnel`.
    public var tunnel: TunnelEncapsulation?

    public init(
        realServer: RealServer,
        activeConnections: UInt32 = 0,
        inactiveConnections: UInt32 = 0,
        persistentConnections: UInt32 = 0,
        statistics: TrafficStatistics = TrafficStatistics(),
        tunnel: TunnelEncapsulation? = nil
    ) {
        self.realServer = realServer
        self.activeConnections = activeConnections
        self.inactiveConnections = inactiveConnections
        self.persistentConnections = persistentConnections
        self.statistics = statistics
        self.tunnel = tunnel
    }
}

/// `IP_VS_CONN_F_TUNNEL_TYPE_*` of `linux/ip_vs.h`, with its options.
public struct TunnelEncapsulation: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        case ipip = 0
        case gue = 1
        case gre = 2
    }

    public var kind: Kind
    /// UDP port for `gue`, host byte order.
    public var port: UInt16
    /// `IP_VS_TUNNEL_ENCAP_FLAG_*`: 0 none, 1 checksum, 2 remote checksum.
    public var flags: UInt16

    public init(kind: Kind, port: UInt16 = 0, flags: UInt16 = 0) {
        self.kind = kind
        self.port = port
        self.flags = flags
    }
}

/// Counters and estimated rates of a virtual or real server (`IPVS_*_ATTR_STATS64`).
public struct TrafficStatistics: Hashable, Sendable {
    public var connections: UInt64 = 0
    public var inboundPackets: UInt64 = 0
    public var outboundPackets: UInt64 = 0
    public var inboundBytes: UInt64 = 0
    public var outboundBytes: UInt64 = 0
    public var connectionsPerSecond: UInt64 = 0
    public var inboundPacketsPerSecond: UInt64 = 0
    public var outboundPacketsPerSecond: UInt64 = 0
    public var inboundBytesPerSecond: UInt64 = 0
    public var outboundBytesPerSecond: UInt64 = 0

    public init() {}
}
