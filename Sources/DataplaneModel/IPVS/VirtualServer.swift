// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// An address and port that IPVS spreads over real servers: what it is meant to be, without statistics.
public struct VirtualServer: Hashable, Sendable {
    /// What the kernel knows a virtual server by.
    public struct ID: Hashable, Sendable, BitwiseCopyable {
        public var address: IPAddress
        /// Host byte order. Port 0 is IPVS's "every port", which needs persistence.
        public var port: UInt16
        public var transport: TransportProtocol

        public init(address: IPAddress, port: UInt16, transport: TransportProtocol) {
            self.address = address
            self.port = port
            self.transport = transport
        }

        public var family: IPFamily { address.family }

        /// Each part that is hashed costs, and tables are looked into by this many times for each change.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(address)
            hasher.combine(UInt64(port) << 8 | UInt64(transport.rawValue))
        }
    }

    /// By what an owner wants the virtual server. Where several want the same one, the strongest claim has it.
    ///
    /// The order is that of trust in the party that assigns it. The cluster assigns cluster IPs and node ports, a
    /// cloud's controller load balancer IPs. A user with the right to write a Service sets any external IP
    /// (CVE-2020-8554).
    public enum Claim: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
        case clusterIP
        case nodePort
        case loadBalancer
        case externalIP
    }

    /// Everything about a virtual server but its identity and its real servers.
    public struct Configuration: Hashable, Sendable, BitwiseCopyable {
        public var scheduler: Scheduler
        public var flags: VirtualServerFlags
        /// How long a client stays with its real server after its last connection, in seconds. Counts only with
        /// `.persistent` among the flags.
        public var persistenceTimeout: UInt32
        /// Which clients count as one for persistence: an IPv4 netmask as a number (`0xffffff00` for /24), or an IPv6
        /// prefix length. `IPVS_SVC_ATTR_NETMASK` holds both in one field.
        public var persistenceMask: UInt32
        /// The name of the persistence engine (`sip` is the only one), if one is set.
        public var persistenceEngine: IPVSName?

        public init(
            scheduler: Scheduler,
            flags: VirtualServerFlags = [],
            persistenceTimeout: UInt32 = 0,
            persistenceMask: UInt32,
            persistenceEngine: IPVSName? = nil
        ) {
            self.scheduler = scheduler
            self.flags = flags
            self.persistenceTimeout = persistenceTimeout
            self.persistenceMask = persistenceMask
            self.persistenceEngine = persistenceEngine
        }

        /// The mask under which each client address counts for itself.
        public static func singleClientMask(for family: IPFamily) -> UInt32 {
            family == .v4 ? .max : 128
        }
    }

    public var id: ID
    /// What the wish for it rests on. The kernel knows nothing of it.
    public var claim: Claim
    public var configuration: Configuration
    /// In ascending order of their identity, each identity once. Virtual servers of one Service port share the storage.
    public var realServers: [RealServer]
    /// Over how many seconds the weight of a new real server rises; 0 for none. The kernel knows nothing of it.
    public var slowStart: UInt32

    public init(
        id: ID,
        claim: Claim = .clusterIP,
        configuration: Configuration,
        realServers: [RealServer] = [],
        slowStart: UInt32 = 0
    ) {
        self.id = id
        self.claim = claim
        self.configuration = configuration
        self.realServers = realServers
        self.slowStart = slowStart
    }
}

extension VirtualServer.Claim: Comparable {
    /// The stronger one comes first.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension VirtualServer.ID: Comparable, CustomStringConvertible {
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.address == rhs.address
            ? (lhs.port, lhs.transport) < (rhs.port, rhs.transport) : lhs.address < rhs.address
    }

    /// Such as `TCP 10.0.0.1:443` or `UDP [fd00::1]:53`.
    public var description: String {
        "\(transport) \(address.joined(port: port))"
    }
}

/// `IP_VS_SVC_F_*` of `linux/ip_vs.h`.
public struct VirtualServerFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let persistent = Self(rawValue: 0x1)
    /// The kernel's own bit, "in the hash table": seen in dumps, never part of a configuration.
    public static let hashed = Self(rawValue: 0x2)
    /// A UDP connection entry for each datagram.
    public static let onePacket = Self(rawValue: 0x4)
    /// `sh-fallback`, `mh-fallback`.
    public static let scheduler1 = Self(rawValue: 0x8)
    /// `sh-port`, `mh-port`.
    public static let scheduler2 = Self(rawValue: 0x10)
    public static let scheduler3 = Self(rawValue: 0x20)
}

extension IPAddress {
    /// The address with a port, an IPv6 address in brackets.
    public func joined(port: UInt16) -> String {
        family == .v4 ? "\(self):\(port)" : "[\(self)]:\(port)"
    }
}
