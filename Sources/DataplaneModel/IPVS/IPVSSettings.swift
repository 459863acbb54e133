// SPDX-License-Identifier: GPL-2.0-or-later
/// Timeouts of connection entries, for the whole network namespace, in seconds.
public struct IPVSTimeouts: Hashable, Sendable {
    /// In a request 0 keeps what is there.
    public var tcp: UInt32
    /// After a FIN.
    public var tcpFin: UInt32
    public var udp: UInt32

    public init(tcp: UInt32, tcpFin: UInt32, udp: UInt32) {
        self.tcp = tcp
        self.tcpFin = tcpFin
        self.udp = udp
    }
}

/// What the kernel says of its IPVS.
public struct IPVSInfo: Hashable, Sendable {
    public struct Version: Hashable, Sendable {
        public var major: UInt8
        public var minor: UInt8
        public var patch: UInt8

        public init(major: UInt8, minor: UInt8, patch: UInt8) {
            self.major = major
            self.minor = minor
            self.patch = patch
        }
    }

    /// Such as 1.2.1.
    public var version: Version
    /// Buckets of the connection table.
    public var connectionTableSize: UInt32

    public init(version: Version, connectionTableSize: UInt32) {
        self.version = version
        self.connectionTableSize = connectionTableSize
    }
}

/// A connection sync daemon of the kernel.
public struct SyncDaemon: Hashable, Sendable {
    public enum Role: UInt32, Hashable, Sendable {
        case master = 1
        case backup = 2
    }

    public var role: Role
    public var multicastInterface: String
    /// 0 to 255; only daemons of one ID talk to each other.
    public var syncID: UInt32
    /// Longest sync message in bytes.
    public var maximumLength: UInt16
    /// The multicast group as text, `224.0.0.81` unless set.
    public var multicastGroup: String
    public var multicastPort: UInt16
    public var multicastTTL: UInt8

    public init(
        role: Role,
        multicastInterface: String,
        syncID: UInt32,
        maximumLength: UInt16 = 0,
        multicastGroup: String = "",
        multicastPort: UInt16 = 0,
        multicastTTL: UInt8 = 0
    ) {
        self.role = role
        self.multicastInterface = multicastInterface
        self.syncID = syncID
        self.maximumLength = maximumLength
        self.multicastGroup = multicastGroup
        self.multicastPort = multicastPort
        self.multicastTTL = multicastTTL
    }
}
