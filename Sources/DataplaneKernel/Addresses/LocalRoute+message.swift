// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import CLinuxUAPI
package import DataplaneModel
package import Netlink

/// A route in table `local`, from an answer to `RTM_GETROUTE` or from a notification.
package struct FoundLocalRoute {
    package var route: LocalRoute
    /// Whether it has the daemon's protocol number.
    package var isOurs: Bool
    /// `false` in a notification of a route that went.
    var isThere: Bool

    /// `nil` for a message of another type or family, and for a route of another table.
    package init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard [RTM_NEWROUTE, RTM_DELROUTE].contains(Int(message.type)) else { return nil }
        let header: rtmsg = try datagram.header(of: message)
        // Kernels before 4.20 do not filter dumps.
        guard header.rtm_table == localTable, header.rtm_flags & UInt32(RTM_F_CLONED) == 0,
            // Only for packets of some sources: not what the daemon would write, and nothing that it could remove.
            header.rtm_src_len == 0,
            let family = IPFamily(rawAddressFamily: UInt16(header.rtm_family))
        else { return nil }

        route = LocalRoute(
            // A default route has no destination.
            family == .v4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0),
            in: family,
            prefixLength: header.rtm_dst_len,
            metric: 0,
            typeOfService: header.rtm_tos,
            isLocal: Int(header.rtm_type) == RTN_LOCAL,
            link: nil
        )
        try route.read(message.attributes(after: MemoryLayout<rtmsg>.size), in: datagram)
        isOurs = header.rtm_protocol == LocalRoute.protocolNumber
        isThere = Int(message.type) == RTM_NEWROUTE
    }
}

extension LocalRoute {
    fileprivate mutating func read(_ list: NetlinkAttributes, in datagram: RawSpan) throws(NetlinkError) {
        var attributes = list
        var hasNextHopObject = false
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case Int(RTA_DST.rawValue): address = try datagram.address(attribute, family)
            case Int(RTA_PRIORITY.rawValue): metric = try datagram.integer(attribute)
            case Int(RTA_OIF.rawValue): link = try datagram.integer(attribute)
            case Int(RTA_CACHEINFO.rawValue):
                // `rta_expires`, the third number of `struct rta_cacheinfo`: zero where the route has no end.
                guard attribute.payload.count >= 12 else { continue }
                var end = attribute
                end.payload = attribute.payload.lowerBound + 8..<attribute.payload.upperBound
                if try datagram.integer(end, as: UInt32.self) != 0 { hasForeignTraits = true }
            case Int(RTA_NH_ID.rawValue):
                hasNextHopObject = true
                hasForeignTraits = true
            case Int(RTA_PREFSRC.rawValue), Int(RTA_METRICS.rawValue), Int(RTA_GATEWAY.rawValue),
                Int(RTA_VIA.rawValue), Int(RTA_MULTIPATH.rawValue), Int(RTA_ENCAP.rawValue), Int(RTA_FLOW.rawValue):
                hasForeignTraits = true
            default: continue
            }
        }
        // One with an object is removed without: the kernel compares either this or that (`fib_nh_match`).
        if hasNextHopObject { link = nil }
    }
}

/// `RT_TABLE_LOCAL`.
let localTable = UInt8(RT_TABLE_LOCAL.rawValue)

extension NetlinkRequest {
    /// Starts the dump of a family's routes of the daemon's protocol number in table `local`.
    package mutating func beginLocalRouteDump(_ family: IPFamily) throws(NetlinkError) {
        var header = rtmsg()
        header.rtm_family = UInt8(family.rawAddressFamily)
        header.rtm_table = localTable
        header.rtm_protocol = LocalRoute.protocolNumber
        try begin(type: RTM_GETROUTE, header: header)
    }

    /// Writes a route as the daemon has it. What has its destination and its metric, and is not ours, is replaced: the
    /// kernel would keep only one of both.
    mutating func writeRoute(to address: IPAddress) throws(NetlinkError) {
        try write(LocalRoute(address), RTM_NEWROUTE, [.create, .replace])
    }

    mutating func writeRemoval(of route: LocalRoute) throws(NetlinkError) {
        try write(route, RTM_DELROUTE, [])
    }

    private mutating func write(
        _ route: LocalRoute,
        _ type: Int,
        _ flags: NetlinkRequestFlags
    ) throws(NetlinkError) {
        var header = rtmsg()
        header.rtm_family = UInt8(route.family.rawAddressFamily)
        header.rtm_dst_len = route.prefixLength
        header.rtm_tos = route.typeOfService
        header.rtm_table = localTable
        header.rtm_protocol = LocalRoute.protocolNumber
        if type == RTM_NEWROUTE {
            header.rtm_scope = UInt8(RT_SCOPE_HOST.rawValue)
            header.rtm_type = UInt8(RTN_LOCAL)
        } else {
            // Whatever it has: `fib_table_delete` in `net/ipv4/fib_trie.c`.
            header.rtm_scope = UInt8(RT_SCOPE_NOWHERE.rawValue)
            header.rtm_type = route.isLocal ? UInt8(RTN_LOCAL) : UInt8(RTN_UNSPEC)
        }
        try begin(type: type, header: header, flags: flags)
        try put(Int(RTA_DST.rawValue), route.address, in: route.family)
        if route.metric != 0 { try put(Int(RTA_PRIORITY.rawValue), route.metric) }
        if let link = route.link { try put(Int(RTA_OIF.rawValue), link) }
    }
}
