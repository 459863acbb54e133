// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// An address of the dummy link as the kernel has it, whichever program bound it.
///
/// The kernel tells apart addresses that differ only in how they are bound. One may be there twice with two prefix
/// lengths, and is removed only by its own length.
public struct BoundAddress: Hashable, Sendable {
    public var address: IPAddress
    /// The family that the kernel keeps it in: for an IPv4-mapped address of IPv6 another one than the address's own.
    public var family: IPFamily
    public var prefixLength: UInt8
    /// The other end, where it is bound as one end of a point-to-point link.
    public var peer: IPAddress?
    /// Whether the node may choose it as the source of what it sends. None should be: another program has bound it so,
    /// and binding it again mends that.
    public var isSelectable: Bool
    /// Whether it has a trait that no address of ours has, and that binding it again does not remove. Such are an end
    /// to its lifetime, a broadcast address, a narrower scope, or a search for duplicates that goes on or has failed.
    public var hasForeignTraits: Bool

    /// By default as `AddressChange.bind` binds it.
    public init(
        _ address: IPAddress,
        in family: IPFamily? = nil,
        prefixLength: UInt8? = nil,
        peer: IPAddress? = nil,
        isSelectable: Bool = false,
        hasForeignTraits: Bool = false
    ) {
        self.address = address
        self.family = family ?? address.family
        self.prefixLength = prefixLength ?? self.family.bitWidth
        self.peer = peer
        self.isSelectable = isSelectable
        self.hasForeignTraits = hasForeignTraits
    }

    /// Whether it is bound as the daemon binds no address. It then has to go before the address can be bound as it
    /// should be.
    public var isStray: Bool {
        prefixLength != family.bitWidth || family != address.family || peer != nil || hasForeignTraits
    }
}

extension BoundAddress: CustomStringConvertible {
    /// As `ip address` prints it, such as `9.9.9.9/24` or `10.0.0.1 peer 10.0.0.2/32`.
    public var description: String {
        let isMapped = family != address.family
        let own = isMapped ? "::ffff:\(address)" : "\(address)"
        return peer.map { "\(own) peer \($0)/\(prefixLength)" } ?? "\(own)/\(prefixLength)"
    }
}
