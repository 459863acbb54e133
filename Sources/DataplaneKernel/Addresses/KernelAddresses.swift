// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import Netlink
public import Reconcile

/// The dummy link and the local routes of the network namespace in which this was made.
///
/// Not for two threads at once: whoever made it calls it, and from threads that may block.
public final class KernelAddresses: AddressDataplane {
    let name: String
    var socket: NetlinkSocket
    /// For listings, which others' requests come in between of.
    var listingSocket: NetlinkSocket
    var listing = ReadingUnderWay()
    /// The number of the link whose addresses are being listed.
    private var listedLink: UInt32 = 0
    /// What has happened to the table whose routes are being listed; `nil` where that makes no difference.
    var tableChanges: TableChanges?
    /// Whether the last listing of IPv6 routes had any.
    var hasRoutesOfIPv6 = false
    var request: NetlinkRequest
    var batch: NetlinkBatch

    /// - Parameter name: of the link, at most 15 bytes.
    public init(linkName name: String = DummyLink.name) throws(DataplaneError) {
        self.name = name
        do throws(NetlinkError) {
            let socket = try NetlinkSocket.open(.route)
            batch = NetlinkBatch(countLimit: socket.answerCapacity)
            request = try NetlinkRequest()
            self.socket = socket
            listingSocket = try NetlinkSocket.open(.route)
        } catch {
            throw DataplaneError(.addresses, "open rtnetlink", error)
        }
    }

    // MARK: The link

    /// What there is of the link's name.
    public enum LinkState: Hashable, Sendable {
        case missing
        case dummy
        /// Somebody else's, such as `veth`; empty for hardware.
        case foreign(kind: String)
    }

    public func linkState() throws(DataplaneError) -> LinkState {
        do throws(NetlinkError) {
            guard let link = try link() else { return .missing }
            return link.kind == dummyLinkKind ? .dummy : .foreign(kind: link.kind)
        } catch {
            throw DataplaneError(.addresses, "read link \(name)", error)
        }
    }

    public func linkExists() throws(DataplaneError) -> Bool {
        switch try linkState() {
        case .missing: return false
        case .dummy: return true
        case .foreign(let kind):
            let words = "a link of that name exists, of kind \(kind.isEmpty ? "hardware" : kind) and not dummy"
            throw DataplaneError(.addresses, "use link \(name)", NetlinkError(.request, .exists, explanation: words))
        }
    }

    public func createLink() throws(DataplaneError) {
        do throws(NetlinkError) {
            try request.beginDummyLink(name)
            try socket.exchange(&request)
        } catch {
            throw DataplaneError(.addresses, "create dummy link \(name)", error)
        }
        do throws(NetlinkError) {
            try request.beginNoLinkLocal(name)
            try socket.exchange(&request)
        } catch {
            // A kernel without IPv6 has no link-local addresses to leave out.
            guard error.operation != .request || error.errno != .familyNotSupported else { return }
            throw DataplaneError(.addresses, "keep IPv6 link-local addresses from \(name)", error)
        }
    }

    /// As `ip link delete kube-ipvs0`; its addresses go with it.
    ///
    /// - Returns: whether it was there.
    /// - Throws: also when the link is not a dummy, which then stays.
    @discardableResult
    public func removeLink() throws(DataplaneError) -> Bool {
        guard try linkExists() else { return false }
        do throws(NetlinkError) {
            try request.beginLinkRemoval(name)
            try socket.exchange(&request)
            return true
        } catch {
            throw DataplaneError(.addresses, "remove link \(name)", error)
        }
    }

    /// `nil` when there is no link of that name.
    private func link() throws(NetlinkError) -> RouteLink? {
        try request.beginLinkQuery(name)
        var found: RouteLink?
        do throws(NetlinkError) {
            try socket.exchange(&request) { (message, datagram) throws(NetlinkError) in
                found = try RouteLink(message, in: datagram) ?? found
            }
        } catch {
            guard error.operation == .request, error.errno == .noDevice else { throw error }
            return nil
        }
        return found
    }

    func existingLink() throws(NetlinkError) -> RouteLink {
        guard let link = try link() else {
            throw NetlinkError(.request, .noDevice, explanation: "there is no link \(name)")
        }
        return link
    }

    // MARK: Its addresses

    public func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let family = reading.subject
        do throws(NetlinkError) {
            switch listing.takeUp(&reading) {
            case .none: return .lapsed
            case .next: break
            case .first:
                listedLink = try existingLink().index
                // Of all links: the kernel marks a dump of one link alone as consistent whatever changes meanwhile
                // (`inet_dump_ifaddr` in `net/ipv4/devinet.c`).
                try request.beginAddressDump(family)
                try listingSocket.beginDump(&request)
            }
            let index = listedLink
            let hasMore = try listingSocket.continueDump(togetherWithNext: true) {
                (message, datagram) throws(NetlinkError) in
                guard let found = try RouteAddress(message, in: datagram), found.linkIndex == index,
                    found.bound.family == family
                else { return }
                body(found.bound)
            }
            return listing.putDown(reading, hasMore: hasMore)
        } catch {
            guard error.operation != .receive || error.errno != .interrupted else { return .lapsed }
            throw DataplaneError(.addresses, "read the \(family) addresses of \(name)", error)
        }
    }
}
