// SPDX-License-Identifier: GPL-2.0-or-later
/// A network: an address whose host bits are zero, and the length of its prefix.
public struct IPPrefix: Hashable, Sendable, BitwiseCopyable {
    /// The first address of the network.
    public let address: IPAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    public let length: UInt8

    /// The network of that length that holds `address`. `nil` when the length is out of the family's range.
    public init?(_ address: IPAddress, length: UInt8) {
        guard length <= address.family.bitWidth else { return nil }
        self.length = length
        // An IPv4 address is IPv4-mapped, so its prefix starts 96 bits into the 16 bytes.
        let bits = address.family == .v4 ? length + 96 : length
        let highMask = bits >= 64 ? UInt64.max : ~(UInt64.max >> bits)
        let lowMask = bits <= 64 ? 0 : bits == 128 ? UInt64.max : ~(UInt64.max >> (bits - 64))
        self.address = IPAddress(high: address.high & highMask, low: address.low & lowMask)
    }

    /// The network that is just this address: `/32` or `/128`.
    public init(host address: IPAddress) {
        self.address = address
        length = address.family.bitWidth
    }

    public var family: IPFamily { address.family }

    /// Whether it is `0.0.0.0/0` or `::/0`.
    public var isZero: Bool { length == 0 }

    public func contains(_ other: IPAddress) -> Bool {
        guard other.family == family else { return false }
        return IPPrefix(other, length: length)?.address == address
    }
}

extension IPPrefix: LosslessStringConvertible {
    /// A network from its text `address/length`. Host bits are cleared, as Go's `ParseCIDR` does.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])),
            // An IPv4-mapped network would need a length of 96 or more: nobody means that.
            address.family == (parts[0].utf8.contains(UInt8(ascii: ":")) ? .v6 : .v4),
            (1...3).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = UInt8(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    public var description: String { "\(address)/\(length)" }
}

extension IPPrefix: Comparable {
    public static func < (lhs: IPPrefix, rhs: IPPrefix) -> Bool {
        (lhs.address, lhs.length) < (rhs.address, rhs.length)
    }
}
