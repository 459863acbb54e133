package import Addressing
import CLinuxUAPI
package import Netlink

/// An address of an interface, from an answer to `RTM_GETADDR` or from word of a change.
package struct RouteAddress {
    package var address: IPAddress
    package var linkIndex: UInt32
    /// Whether the kernel avoids it as the source of what it sends.
    var isDeprecated: Bool
    /// `false` in word of an address that went.
    var isThere: Bool

    /// `nil` for a message of another type or family, and for IPv4-mapped addresses of IPv6.
    package init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard [RTM_NEWADDR, RTM_DELADDR].contains(Int(message.type)) else { return nil }
        let header: ifaddrmsg = try datagram.header(of: message)
        guard let family = IPFamily(rawAddressFamily: UInt16(header.ifa_family)) else { return nil }

        // `IFA_ADDRESS` is the other end of a point-to-point link; there, `IFA_LOCAL` is ours. IPv6 mostly has only the
        // first.
        var local: IPAddress?
        var other: IPAddress?
        var attributes = try message.attributes(after: MemoryLayout<ifaddrmsg>.size)
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case Int(IFA_LOCAL): local = try datagram.address(attribute, family)
            case Int(IFA_ADDRESS): other = try datagram.address(attribute, family)
            default: continue
            }
        }
        guard let address = local ?? other, address.family == family else { return nil }
        self.address = address
        isThere = Int(message.type) == RTM_NEWADDR
        linkIndex = header.ifa_index
        isDeprecated = Int32(header.ifa_flags) & Int32(IFA_F_DEPRECATED) != 0
    }
}
