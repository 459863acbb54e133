// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import CLinuxUAPI
package import DataplaneModel
package import Netlink

/// An address of an interface, from an answer to `RTM_GETADDR` or from a notification.
package struct RouteAddress {
    package var bound: BoundAddress
    package var linkIndex: UInt32
    /// `false` in a notification of an address that went.
    var isThere: Bool

    package var address: IPAddress { bound.address }

    /// `nil` for a message of another type or family.
    package init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard [RTM_NEWADDR, RTM_DELADDR].contains(Int(message.type)) else { return nil }
        let header: ifaddrmsg = try datagram.header(of: message)
        guard let family = IPFamily(rawAddressFamily: UInt16(header.ifa_family)) else { return nil }

        // `IFA_ADDRESS` is the other end of a point-to-point link; there, `IFA_LOCAL` is ours. IPv6 mostly has only the
        // first.
        var local: IPAddress?
        var other: IPAddress?
        var broadcast: IPAddress?
        var attributes = try message.attributes(after: MemoryLayout<ifaddrmsg>.size)
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case Int(IFA_LOCAL): local = try datagram.address(attribute, family)
            case Int(IFA_ADDRESS): other = try datagram.address(attribute, family)
            case Int(IFA_BROADCAST): broadcast = try datagram.address(attribute, family)
            default: continue
            }
        }
        guard let address = local ?? other else { return nil }
        let flags = Int32(header.ifa_flags)
        let isPermanent = flags & IFA_F_PERMANENT != 0
        let isForeign =
            switch family {
            // Early versions of kube-proxy make each address its own broadcast address, which changes nothing.
            case .v4:
                !isPermanent || header.ifa_scope != UInt8(RT_SCOPE_UNIVERSE.rawValue)
                    || broadcast != nil && broadcast != address
            // Its scope follows from the address.
            case .v6: !isPermanent || flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0
            }
        bound = BoundAddress(
            address,
            in: family,
            prefixLength: header.ifa_prefixlen,
            peer: other == address ? nil : other,
            // For IPv4 the kernel asks the outgoing interface for its address first, and the main one of another last.
            isSelectable: family == .v6 && flags & IFA_F_DEPRECATED == 0,
            hasForeignTraits: isForeign
        )
        isThere = Int(message.type) == RTM_NEWADDR
        linkIndex = header.ifa_index
    }
}
