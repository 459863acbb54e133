// SPDX-License-Identifier: GPL-2.0-or-later
/// An IPv4 or IPv6 address in 16 bytes, without heap storage.
///
/// An IPv4 address is held in its IPv4-mapped form (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2), so the two families share
/// one representation and the mapped text form *is* the IPv4 address, as it is for Kubernetes.
///
/// Two 64-bit halves, because a `UInt128` payload crashes unoptimized builds of Swift 6.3.1.
public struct IPAddress: Hashable, Sendable, BitwiseCopyable {
    /// The first eight bytes in network order, as a number.
    public let high: UInt64
    /// The last eight bytes in network order, as a number.
    public let low: UInt64

    private static let mappedPrefix: UInt64 = 0xffff << 32

    /// An address from its two halves. A value inside `::ffff:0:0/96` is an IPv4 address.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its number: `127.0.0.1` is `0x7f000001`.
    public init(v4 value: UInt32) {
        high = 0
        low = Self.mappedPrefix | UInt64(value)
    }

    /// An address from its wire form: 4 or 16 bytes. `nil` for any other length.
    public init?(networkBytes bytes: some Collection<UInt8>) {
        func number(_ part: some Sequence<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes.count {
        case 4: self.init(v4: UInt32(truncatingIfNeeded: number(bytes)))
        case 16: self.init(high: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)))
        default: return nil
        }
    }

    public var family: IPFamily {
        high == 0 && low & ~0xffff_ffff == Self.mappedPrefix ? .v4 : .v6
    }

    /// The number of an IPv4 address; `nil` for IPv6.
    public var v4Value: UInt32? {
        family == .v4 ? UInt32(truncatingIfNeeded: low) : nil
    }

    /// The wire form: 4 bytes for IPv4, 16 for IPv6.
    public var networkBytes: [UInt8] {
        func bytes(_ value: UInt64, from first: Int) -> [UInt8] {
            (first..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
        }
        return family == .v4 ? bytes(low, from: 4) : bytes(high, from: 0) + bytes(low, from: 0)
    }

    /// `0.0.0.0` or `::`.
    public var isUnspecified: Bool {
        v4Value == 0 || (high == 0 && low == 0)
    }

    /// Inside `127.0.0.0/8`, or `::1`.
    public var isLoopback: Bool {
        if let v4Value { return v4Value >> 24 == 127 }
        return high == 0 && low == 1
    }

    /// Inside `169.254.0.0/16` or `fe80::/10`.
    public var isLinkLocalUnicast: Bool {
        if let v4Value { return v4Value >> 16 == 0xa9fe }
        return high >> 54 == 0xfe80 >> 6
    }

    /// Inside `224.0.0.0/4` or `ff00::/8`.
    public var isMulticast: Bool {
        if let v4Value { return v4Value >> 28 == 0xe }
        return high >> 56 == 0xff
    }
}

extension IPAddress: Comparable {
    public static func < (lhs: IPAddress, rhs: IPAddress) -> Bool {
        lhs.high == rhs.high ? lhs.low < rhs.low : lhs.high < rhs.high
    }
}
