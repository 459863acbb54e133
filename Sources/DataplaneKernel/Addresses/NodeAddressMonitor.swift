// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import Netlink
public import Reconcile

/// The addresses of every interface of a network namespace, and the notifications of their changes and of those of local routes.
///
/// It has sockets of its own, so that it can wait on one thread while another changes the data plane. Not for two threads
/// at once.
public final class NodeAddressMonitor {
    private var subscription: NetlinkSubscription
    private var socket: NetlinkSocket
    private var request: NetlinkRequest
    /// `nil` while there is no dummy link, or none is known.
    private var dummyLinkIndex: UInt32?

    /// Listens from now on: a change after this is not missed, even when it comes before the first `interfaceAddresses`.
    public init() throws(DataplaneError) {
        do throws(NetlinkError) {
            subscription = try NetlinkSubscription.open(
                RouteGroup.allCases,
                of: RouteFilter(table: localTable, leavesOutKernel: true)
            )
            socket = try NetlinkSocket.open(.route)
            request = try NetlinkRequest()
        } catch {
            throw DataplaneError(.addresses, "watch the node's addresses", error)
        }
    }

    /// Readable when there is a notification. It closes with the monitor.
    public var descriptor: Int32 { subscription.descriptor }

    /// The addresses of all interfaces but the dummy link: the node's own.
    public func nodeAddresses() throws(DataplaneError) -> Set<IPAddress> {
        Set(try interfaceAddresses().lazy.filter { $0.interface != DummyLink.name }.map(\.address))
    }

    /// Every address of every interface, in the kernel's order.
    public func interfaceAddresses() throws(DataplaneError) -> [InterfaceAddress] {
        do throws(NetlinkError) {
            try request.beginAddressDump(nil)
            let addresses = try socket.dump(&request, into: [RouteAddress]()) {
                (addresses, message, datagram) throws(NetlinkError) in
                guard let found = try RouteAddress(message, in: datagram) else { return }
                // An IPv4-mapped address of IPv6 is nobody's that IPv4 reaches.
                if found.bound.family == found.address.family { addresses.append(found) }
            }
            // Links after addresses: the name of a link that came between is then known. Without a name is the address of
            // a link that went, and it went with it.
            let names = try linkNames()
            return addresses.compactMap { found in
                names[found.linkIndex].map { InterfaceAddress(address: found.address, interface: $0) }
            }
        } catch {
            throw DataplaneError(.addresses, "read the node's addresses", error)
        }
    }

    /// Waits for word that an address, a link or the route of a virtual IP came, went or changed.
    ///
    /// - Returns: the notifications not yet processed; empty when the time is over.
    public func waitForChange(timeout: Duration) throws(DataplaneError) -> AddressEvents {
        do throws(NetlinkError) {
            var events = AddressEvents()
            guard try subscription.wait(timeout: timeout) else { return events }
            let areEventsLost = try subscription.receive { (message, datagram) throws(NetlinkError) in
                if let found = try RouteAddress(message, in: datagram) {
                    note(found, in: &events)
                } else if let link = try RouteLink(message, in: datagram) {
                    note(link, in: &events)
                } else if let found = try FoundLocalRoute(message, in: datagram) {
                    note(found, in: &events)
                }
            }
            if areEventsLost {
                events = AddressEvents(concernsNode: true, virtualIPsAreUnknown: true)
            }
            return events
        } catch {
            throw DataplaneError(.addresses, "watch the node's addresses", error)
        }
    }

    private func note(_ found: RouteAddress, in events: inout AddressEvents) {
        guard found.linkIndex == dummyLinkIndex else {
            events.concernsNode = true
            // All IPv4 routes of a link go with its last address, without a word (`fib_disable_ip`).
            if found.linkIndex == LocalRoute.loopbackIndex, !found.isThere { events.virtualIPsAreUnknown = true }
            return
        }
        if !found.bound.isStray {
            events.dummyLink[found.address] = found.isThere
        } else if found.isThere, !DummyLink.keepsUnwanted(found.address) {
            // It says nothing about the address as the daemon binds it, but has to go.
            events.virtualIPsAreUnknown = true
        }
    }

    private func note(_ found: FoundLocalRoute, in events: inout AddressEvents) {
        if found.isOurs, !found.route.isStray {
            events.routes[found.route.address] = found.isThere
        } else if found.isThere, found.isOurs || found.route.metric == LocalRoute.metric {
            // It says nothing about the route as the daemon writes it, but has to go. Another program's may have taken the
            // place of ours.
            events.virtualIPsAreUnknown = true
        }
    }

    /// A link that went took its addresses with it, and another may have its number next. The routes of one that goes down go
    /// too, those of IPv4 without a word.
    private func note(_ link: RouteLink, in events: inout AddressEvents) {
        switch (link.name == DummyLink.name, link.isThere) {
        case (true, true):
            if dummyLinkIndex != link.index { events.virtualIPsAreUnknown = true }
            dummyLinkIndex = link.index
        case (true, false):
            events.virtualIPsAreUnknown = true
            dummyLinkIndex = nil
        case (false, _):
            // The dummy link under another name is none.
            if dummyLinkIndex == link.index {
                events.virtualIPsAreUnknown = true
                dummyLinkIndex = nil
            }
            events.concernsNode = true
            if link.index == LocalRoute.loopbackIndex { events.virtualIPsAreUnknown = true }
        }
    }

    private func linkNames() throws(NetlinkError) -> [UInt32: String] {
        try request.beginLinkQuery()
        let names = try socket.dump(&request, into: [UInt32: String]()) {
            (names, message, datagram) throws(NetlinkError) in
            if let link = try RouteLink(message, in: datagram) { names[link.index] = link.name }
        }
        dummyLinkIndex = names.first { $0.value == DummyLink.name }?.key
        return names
    }
}
