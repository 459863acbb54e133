// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import CLinuxUAPI
import DataplaneModel
import Glibc
package import Netlink

extension NetlinkRequest {
    /// Starts the dump of the addresses of a family (`nil` is both) on a link (0 is all).
    package mutating func beginAddressDump(_ family: IPFamily?, link: UInt32 = 0) throws(NetlinkError) {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(family?.rawAddressFamily ?? UInt16(AF_UNSPEC))
        header.ifa_index = link
        try begin(type: RTM_GETADDR, header: header)
    }

    /// Starts the question for one link, or without a name the dump of all.
    mutating func beginLinkQuery(_ name: String? = nil) throws(NetlinkError) {
        try begin(type: RTM_GETLINK, header: ifinfomsg())
        if let name { try put(IFLA_IFNAME, name) }
        try put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
    }

    /// Writes the making of a dummy link, which stays down.
    mutating func beginDummyLink(_ name: String) throws(NetlinkError) {
        var header = ifinfomsg()
        header.ifi_flags = UInt32(IFF_NOARP)
        header.ifi_change = UInt32(IFF_NOARP)
        try begin(type: RTM_NEWLINK, header: header, flags: [.create, .exclusive])
        try put(IFLA_IFNAME, name)
        try nest(IFLA_LINKINFO) { (information) throws(NetlinkError) in
            try information.put(IFLA_INFO_KIND, dummyLinkKind)
        }
    }

    /// Writes that a link gets no IPv6 link-local address when it comes up.
    ///
    /// The kernel takes `IFLA_AF_SPEC` for a link that exists, and passes it over in the request that makes one.
    mutating func beginNoLinkLocal(_ name: String) throws(NetlinkError) {
        try begin(type: RTM_NEWLINK, header: ifinfomsg())
        try put(IFLA_IFNAME, name)
        try nest(IFLA_AF_SPEC) { (families) throws(NetlinkError) in
            try families.nest(Int(AF_INET6)) { (inet6) throws(NetlinkError) in
                try inet6.put(IFLA_INET6_ADDR_GEN_MODE, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue))
            }
        }
    }

    /// Writes that a link comes up.
    mutating func beginLinkUp(_ index: UInt32) throws(NetlinkError) {
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: index)
        header.ifi_flags = UInt32(IFF_UP)
        header.ifi_change = UInt32(IFF_UP)
        try begin(type: RTM_NEWLINK, header: header)
    }

    mutating func beginLinkRemoval(_ name: String) throws(NetlinkError) {
        try begin(type: RTM_DELLINK, header: ifinfomsg())
        try put(IFLA_IFNAME, name)
    }

    /// Writes a change to the addresses of a link, or to routes, which do not go to it.
    mutating func write(_ change: AddressChange, link: UInt32) throws(NetlinkError) {
        switch change {
        case .bind(let address):
            try writeBinding(of: address, link)
        case .unbind(let address):
            try begin(type: RTM_DELADDR, header: Self.header(address.family, address.family.bitWidth, link))
            try put(Int(IFA_LOCAL), address)
            try put(Int(IFA_ADDRESS), address)
        case .removeStray(let stray):
            // The kernel removes the first one that all of these fit.
            try begin(type: RTM_DELADDR, header: Self.header(stray.family, stray.prefixLength, link))
            try put(Int(IFA_LOCAL), stray.address, in: stray.family)
            try put(Int(IFA_ADDRESS), stray.peer ?? stray.address, in: stray.family)
        case .addRoute(let address):
            try writeRoute(to: address)
        case .removeRoute(let address):
            try writeRemoval(of: LocalRoute(address))
        case .removeStrayRoute(let stray):
            try writeRemoval(of: stray)
        }
    }

    private static func header(_ family: IPFamily, _ prefixLength: UInt8, _ link: UInt32) -> ifaddrmsg {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(family.rawAddressFamily)
        header.ifa_prefixlen = prefixLength
        header.ifa_scope = UInt8(RT_SCOPE_UNIVERSE.rawValue)
        header.ifa_index = link
        return header
    }

    private mutating func writeBinding(of address: IPAddress, _ link: UInt32) throws(NetlinkError) {
        var header = Self.header(address.family, address.family.bitWidth, link)
        switch address.family {
        case .v4:
            try begin(type: RTM_NEWADDR, header: header, flags: [.create, .exclusive])
        case .v6:
            // Every node has the virtual IPs: asking the neighbours whether one is taken would find that it is.
            header.ifa_flags = UInt8(IFA_F_NODAD)
            // Nobody prefers it, so that it is never the source of what the node sends or masquerades (RFC 6724, rule 3).
            // Without that the kernel takes the virtual IP that is closest to the endpoint, on links with no address of
            // their own. One that was bound without it is changed in place.
            try begin(type: RTM_NEWADDR, header: header, flags: [.create, .replace])
            try put(
                Int(IFA_CACHEINFO),
                structure: ifa_cacheinfo(ifa_prefered: 0, ifa_valid: .max, cstamp: 0, tstamp: 0))
        }
        try put(Int(IFA_LOCAL), address)
        try put(Int(IFA_ADDRESS), address)
    }

    /// An address in the length of a family, which for IPv4-mapped addresses of IPv6 is not their own.
    mutating func put(_ attribute: Int, _ address: IPAddress, in family: IPFamily) throws(NetlinkError) {
        switch family {
        case .v4: try put(attribute, address)
        case .v6: try put(attribute, address.high.bigEndian, address.low.bigEndian)
        }
    }
}

/// `IFLA_INFO_KIND` of the links that `drivers/net/dummy.c` makes.
let dummyLinkKind = "dummy"
