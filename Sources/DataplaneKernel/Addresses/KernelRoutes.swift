// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import CLinuxUAPI
import DataplaneModel
import Glibc
package import Netlink
public import Reconcile

/// The next hops of the routes of a network namespace: hosts that the node sends to for others.
public struct RouteGateways: Hashable, Sendable {
    /// Those of default routes, in any routing table.
    public var ofDefaultRoutes: Set<IPAddress> = []
    /// Those of all other routes, such as the ones to other nodes' pods.
    public var ofOtherRoutes: Set<IPAddress> = []

    public init() {}
}

/// Reads routes, and neighbours. It has a socket of its own. Not for two threads at once.
public final class KernelRoutes {
    private var socket: NetlinkSocket
    private var request: NetlinkRequest

    public init() throws(DataplaneError) {
        do throws(NetlinkError) {
            socket = try NetlinkSocket.open(.route)
            request = try NetlinkRequest()
        } catch {
            throw DataplaneError(.addresses, "read the node's routes", error)
        }
    }

    /// The next hops of both families' routes. It reads all routes: a millisecond for some thousand.
    public func gateways() throws(DataplaneError) -> RouteGateways {
        do throws(NetlinkError) {
            var gateways = RouteGateways()
            for family in IPFamily.allCases {
                var header = rtmsg()
                header.rtm_family = UInt8(family.rawAddressFamily)
                try request.begin(type: RTM_GETROUTE, header: header)
                gateways = try socket.dump(&request, into: gateways) {
                    (gateways, message, datagram) throws(NetlinkError) in
                    guard let route = try Route(message, in: datagram) else { return }
                    if route.isDefault {
                        gateways.ofDefaultRoutes.formUnion(route.nextHops)
                    } else {
                        gateways.ofOtherRoutes.formUnion(route.nextHops)
                    }
                }
            }
            return gateways
        } catch {
            throw DataplaneError(.addresses, "read the node's routes", error)
        }
    }
}

extension KernelRoutes {
    /// Those of some addresses that hosts on the node's own links have, as far as the node has lately spoken to them. That it stays
    /// in the kernel's table for a while, also once the address has become the node's own.
    ///
    /// It reads all neighbours, unless there is nobody to look for.
    public func neighbours(among wanted: Set<IPAddress>) throws(DataplaneError) -> Set<IPAddress> {
        guard !wanted.isEmpty else { return [] }
        do throws(NetlinkError) {
            try request.begin(type: RTM_GETNEIGH, header: ndmsg())
            return try socket.dump(&request, into: Set<IPAddress>()) {
                (found, message, datagram) throws(NetlinkError) in
                if let address = try Self.neighbour(message, in: datagram), wanted.contains(address) {
                    found.insert(address)
                }
            }
        } catch {
            throw DataplaneError(.addresses, "read the node's neighbours", error)
        }
    }

    /// `nil` for a message of another type or family, and for a neighbour that has not answered, or need not.
    private static func neighbour(
        _ message: NetlinkMessage,
        in datagram: RawSpan
    ) throws(NetlinkError) -> IPAddress? {
        guard Int(message.type) == RTM_NEWNEIGH else { return nil }
        let header: ndmsg = try datagram.header(of: message)
        let answered = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT
        guard Int32(header.ndm_state) & answered != 0,
            let family = IPFamily(rawAddressFamily: UInt16(header.ndm_family))
        else { return nil }
        var attributes = try message.attributes(after: MemoryLayout<ndmsg>.size)
        while let attribute = try attributes.next(in: datagram) {
            if attribute.type == NDA_DST { return try datagram.address(attribute, family) }
        }
        return nil
    }
}

/// A route that goes over other hosts, from an answer to `RTM_GETROUTE`.
package struct Route {
    package var isDefault: Bool
    package var nextHops: [IPAddress] = []

    /// `nil` for a message of another type or family, and for what is no route to others: local and unreachable ones, and
    /// those that the kernel keeps for itself.
    package init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard Int(message.type) == RTM_NEWROUTE else { return nil }
        let header: rtmsg = try datagram.header(of: message)
        guard Int(header.rtm_type) == RTN_UNICAST, header.rtm_flags & UInt32(RTM_F_CLONED) == 0,
            let family = IPFamily(rawAddressFamily: UInt16(header.rtm_family))
        else { return nil }
        isDefault = header.rtm_dst_len == 0
        try read(message.attributes(after: MemoryLayout<rtmsg>.size), family, in: datagram)
    }

    private mutating func read(
        _ list: NetlinkAttributes,
        _ family: IPFamily,
        in datagram: RawSpan
    ) throws(NetlinkError) {
        var attributes = list
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case Int(RTA_GATEWAY.rawValue):
                nextHops.append(try datagram.address(attribute, family))
            case Int(RTA_VIA.rawValue):
                try readVia(attribute, in: datagram)
            case Int(RTA_MULTIPATH.rawValue):
                try readMultipath(attribute, family, in: datagram)
            default:
                continue
            }
        }
    }

    /// `struct rtvia`: a next hop of another family than the route (RFC 5549).
    private mutating func readVia(_ attribute: NetlinkAttribute, in datagram: RawSpan) throws(NetlinkError) {
        let number: UInt16 = try datagram.integer(attribute)
        guard let family = IPFamily(rawAddressFamily: number) else { return }
        nextHops.append(try datagram.address(attribute.dropping(2), family))
    }

    /// A list of `struct rtnexthop`, whose length comes first as that of an attribute does: two bytes, and two more before the
    /// payload, which is the number of a link and then attributes.
    private mutating func readMultipath(
        _ attribute: NetlinkAttribute,
        _ family: IPFamily,
        in datagram: RawSpan
    ) throws(NetlinkError) {
        var hops = attribute.nested
        while let hop = try hops.next(in: datagram) {
            try read(hop.dropping(4).nested, family, in: datagram)
        }
    }
}

extension NetlinkAttribute {
    /// The attribute as if its payload began so many bytes later.
    fileprivate func dropping(_ bytes: Int) -> NetlinkAttribute {
        var rest = self
        rest.payload = min(payload.lowerBound + bytes, payload.upperBound)..<payload.upperBound
        return rest
    }
}
