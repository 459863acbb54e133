// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import CLinuxUAPI
public import DataplaneModel
import Glibc
import Netlink
public import Reconcile

extension KernelAddresses {
    public func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let family = reading.subject
        do throws(NetlinkError) {
            switch listing.takeUp(&reading) {
            case .none: return .lapsed
            case .next: break
            case .first:
                if family == .v6 { hasRoutesOfIPv6 = false }
                tableChanges = family == .v6 ? try TableChanges() : nil
                try request.beginLocalRouteDump(family)
                try listingSocket.beginDump(&request)
            }
            let hasMore = try listingSocket.continueDump(togetherWithNext: true) {
                (message, datagram) throws(NetlinkError) in
                guard let found = try FoundLocalRoute(message, in: datagram), found.isOurs,
                    found.route.family == family
                else { return }
                if family == .v6 { hasRoutesOfIPv6 = true }
                body(found.route)
            }
            guard try tableChanges?.takeAny() != true else {
                listing.end()
                return .lapsed
            }
            return listing.putDown(reading, hasMore: hasMore)
        } catch {
            guard error.operation != .receive || error.errno != .interrupted else { return .lapsed }
            throw DataplaneError(.routes, "read the local routes of \(family)", error)
        }
    }

    /// Waits until the kernel has made its own local routes of IPv6 addresses that were bound, where routes of ours are
    /// there too, which may be about to go.
    ///
    /// It makes them later, in a work queue (`addrconf_dad_work` in `net/ipv6/addrconf.c`): for some milliseconds an
    /// address is bound, and not local.
    func awaitOwnRoutes(of addresses: some Sequence<IPAddress>) throws(NetlinkError) {
        guard hasRoutesOfIPv6 else { return }
        let end = ContinuousClock.now + .milliseconds(500)
        for address in addresses where address.family == .v6 {
            while try !hasOwnRoute(address), ContinuousClock.now < end { usleep(200) }
        }
    }

    /// Whether the route that the kernel goes by is its own.
    private func hasOwnRoute(_ address: IPAddress) throws(NetlinkError) -> Bool {
        var header = rtmsg()
        header.rtm_family = UInt8(address.family.rawAddressFamily)
        header.rtm_dst_len = address.family.bitWidth
        header.rtm_flags = UInt32(RTM_F_FIB_MATCH)
        try request.begin(type: RTM_GETROUTE, header: header)
        try request.put(Int(RTA_DST.rawValue), address, in: address.family)
        var isOwn = false
        do throws(NetlinkError) {
            try socket.exchange(&request) { (message, datagram) throws(NetlinkError) in
                guard Int(message.type) == RTM_NEWROUTE else { return }
                let route: rtmsg = try datagram.header(of: message)
                isOwn = Int32(route.rtm_protocol) == RTPROT_KERNEL && Int(route.rtm_type) == RTN_LOCAL
            }
        } catch {
            // There may be no route at all yet.
            guard error.operation == .request else { throw error }
        }
        return isOwn
    }

    /// As `ip route flush table local proto 117`.
    ///
    /// - Returns: how many routes there were.
    /// - Throws: also when the kernel refuses to remove one.
    @discardableResult
    public func removeRoutes(of family: IPFamily) throws(DataplaneError) -> Int {
        let routes = try localRoutes(of: family)
        if let refused = try apply(routes.map(AddressChange.removeStrayRoute)).first { throw refused.error }
        return routes.count
    }

    /// As `ip link set lo up`, for a network namespace that is new: local routes of IPv6 need a link that is up.
    public func raiseLoopback() throws(DataplaneError) {
        do throws(NetlinkError) {
            try request.beginLinkUp(LocalRoute.loopbackIndex)
            try socket.exchange(&request)
        } catch {
            throw DataplaneError(.addresses, "bring up the loopback link", error)
        }
    }
}

/// Whether the routes of IPv6 in table `local` have changed since this was made.
///
/// A dump of IPv6 routes goes on by a count of those that it has shown (`fib6_dump_table` in `net/ipv6/ip6_fib.c`). When
/// routes come or go meanwhile, it leaves others out or shows them twice, and does not say so. A dump of IPv4 goes on by
/// the destination (`fib_table_dump` in `net/ipv4/fib_trie.c`), and needs nothing of this.
struct TableChanges: ~Copyable {
    private var subscription: NetlinkSubscription

    init() throws(NetlinkError) {
        // What does not fit is lost, which counts as a change.
        subscription = try NetlinkSubscription.open(
            [.routesV6], of: RouteFilter(table: localTable), receiveBuffer: 1 << 14)
    }

    mutating func takeAny() throws(NetlinkError) -> Bool {
        var hasChanged = false
        let areLost = try subscription.receive { (_, _) throws(NetlinkError) in hasChanged = true }
        return hasChanged || areLost
    }
}
