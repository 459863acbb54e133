// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import CLinuxUAPI
import DataplaneModel
import Glibc
import Netlink
public import Reconcile

/// Asks the kernel where single packets would go, as `ip route get` does, and for what a link is.
///
/// In the network namespace in which this was made. Not for two threads at once.
public final class KernelRouteLookup {
    private var socket: NetlinkSocket
    private var request: NetlinkRequest
    private var links: [UInt32: RouteLink] = [:]
    private var numbers: [String: UInt32] = [:]

    public init() throws(DataplaneError) {
        do throws(NetlinkError) {
            socket = try NetlinkSocket.open(.route)
            request = try NetlinkRequest()
        } catch {
            throw DataplaneError(.addresses, "open rtnetlink", error)
        }
    }

    /// What the kernel answers for one packet.
    public struct Answer: Hashable, Sendable {
        /// Whether the packet is for the node itself.
        public var isLocal = false
        /// Whether it is forwarded, or sent, to somebody else.
        public var isUnicast = false
        public var link: String?
        public var gateway: IPAddress?
        /// The address that the node itself would send from.
        public var source: IPAddress?
        /// Of the entry of the routing table: whether the kernel made it, as it does for each address.
        public var isOfKernel = false
        var linkNumber: UInt32 = 0
        /// Whether the entry names the address to send from.
        var namesSource = false

        public init() {}
    }

    /// Where packets to an address go.
    ///
    /// - Parameters:
    ///   - source: where they come from.
    ///   - link: the link that they come in by; `nil` for what the node itself sends.
    /// - Throws: also when there is no such route, with the kernel's number and words.
    public func route(
        to destination: IPAddress,
        from source: IPAddress? = nil,
        by link: String? = nil
    ) throws(DataplaneError) -> Answer {
        do throws(NetlinkError) {
            return try lookUp(destination, source, link)
        } catch {
            throw DataplaneError(
                part: .addresses, number: error.errno.rawValue, explanation: "\(error.errno)")
        }
    }

    /// The entry of the routing tables that decides where packets to an address go; `nil` before Linux 4.13, which does not tell.
    public func entry(for destination: IPAddress) throws(DataplaneError) -> Answer? {
        do throws(NetlinkError) {
            return try lookUp(destination, nil, nil, flags: UInt32(RTM_F_FIB_MATCH))
        } catch {
            guard error.operation == .request else { throw DataplaneError(.addresses, "look up a route", error) }
            return nil
        }
    }

    private func lookUp(
        _ destination: IPAddress,
        _ source: IPAddress?,
        _ link: String?,
        flags: UInt32 = 0
    ) throws(NetlinkError) -> Answer {
        var header = rtmsg()
        header.rtm_family = UInt8(destination.family.rawAddressFamily)
        header.rtm_dst_len = destination.family.bitWidth
        header.rtm_src_len = source == nil ? 0 : destination.family.bitWidth
        header.rtm_flags = flags
        let number = try link.map { (name) throws(NetlinkError) in try self.number(ofLink: name) }
        try request.begin(type: RTM_GETROUTE, header: header)
        try request.put(RTA_DST, destination)
        if let source { try request.put(RTA_SRC, source) }
        if let number { try request.put(RTA_IIF, number) }
        var answer = Answer()
        try socket.exchange(&request) { (message, datagram) throws(NetlinkError) in
            try answer.read(message, destination.family, in: datagram)
        }
        if answer.linkNumber != 0 { answer.link = try self.link(answer.linkNumber)?.name }
        return answer
    }

    // MARK: Links

    /// Whether a link is a bridge.
    public func isBridge(_ link: String) -> Bool {
        do throws(NetlinkError) {
            return try self.link(try number(ofLink: link))?.kind == "bridge"
        } catch {
            return false
        }
    }

    private func number(ofLink name: String) throws(NetlinkError) -> UInt32 {
        if let number = numbers[name] { return number }
        try request.beginLinkQuery(name)
        let link = try exchangeLink()
        guard let link else { throw NetlinkError(.request, .noDevice, explanation: "there is no link \(name)") }
        (numbers[name], links[link.index]) = (link.index, link)
        return link.index
    }

    private func link(_ number: UInt32) throws(NetlinkError) -> RouteLink? {
        if let link = links[number] { return link }
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: number)
        try request.begin(type: RTM_GETLINK, header: header)
        links[number] = try exchangeLink()
        return links[number]
    }

    private func exchangeLink() throws(NetlinkError) -> RouteLink? {
        var found: RouteLink?
        try socket.exchange(&request) { (message, datagram) throws(NetlinkError) in
            found = try RouteLink(message, in: datagram) ?? found
        }
        return found
    }

    // MARK: Masquerading

    /// The address that the target MASQUERADE takes for what goes by a link to a next hop; `nil` where it cannot be told.
    ///
    /// For IPv6 the kernel chooses as it does for what the node sends itself (`nf_nat_masquerade_ipv6`), unless the route names an
    /// address. For IPv4 it takes the link's address in the next hop's network, else its first one, else the first of another link
    /// (`inet_select_addr` in `net/ipv4/devinet.c`).
    public func masqueradeAddress(
        for destination: IPAddress,
        nextHop: IPAddress,
        by link: String
    ) throws(DataplaneError) -> IPAddress? {
        if destination.family == .v4, nextHop.family == .v4 {
            do throws(NetlinkError) {
                let number = try number(ofLink: link)
                if let own = try selectable(on: number, for: nextHop) { return own }
            } catch {
                throw DataplaneError(.addresses, "read the addresses of \(link)", error)
            }
        }
        let entry = try entry(for: destination)
        if let entry, !entry.namesSource { return try route(to: destination).source }
        guard destination.family == .v4 else { return nil }
        do throws(NetlinkError) {
            return try selectable(on: nil, for: nextHop)
        } catch {
            throw DataplaneError(.addresses, "read the addresses of the node", error)
        }
    }

    /// Of a link, or of the one with the lowest number that has one.
    private func selectable(on link: UInt32?, for nextHop: IPAddress) throws(NetlinkError) -> IPAddress? {
        try request.beginAddressDump(.v4, link: link ?? 0)
        var choice = try socket.dump(&request, into: SourceChoice()) {
            (choice, message, datagram) throws(NetlinkError) in
            guard let address = try SelectableAddress(message, in: datagram),
                link == nil || address.link == link
            else { return }
            choice.consider(address, nextHop: link == nil ? nil : nextHop)
        }
        return choice.take()
    }
}

extension KernelRouteLookup.Answer {
    fileprivate mutating func read(
        _ message: NetlinkMessage,
        _ family: IPFamily,
        in datagram: RawSpan
    ) throws(NetlinkError) {
        guard Int(message.type) == RTM_NEWROUTE else { return }
        let header: rtmsg = try datagram.header(of: message)
        isLocal = Int(header.rtm_type) == RTN_LOCAL
        isUnicast = Int(header.rtm_type) == RTN_UNICAST
        isOfKernel = Int32(header.rtm_protocol) == RTPROT_KERNEL
        var attributes = try message.attributes(after: MemoryLayout<rtmsg>.size)
        while let attribute = try attributes.next(in: datagram) {
            switch UInt32(attribute.type) {
            case RTA_OIF.rawValue: linkNumber = try datagram.integer(attribute)
            case RTA_GATEWAY.rawValue: gateway = try datagram.address(attribute, family)
            case RTA_PREFSRC.rawValue:
                source = try datagram.address(attribute, family)
                namesSource = true
            default: continue
            }
        }
    }
}

/// An IPv4 address of a link, as far as the choice of a source looks at it.
private struct SelectableAddress {
    var address: IPAddress
    var network: IPPrefix?
    var link: UInt32

    /// `nil` for one that is never chosen: a secondary one, or one whose scope is not global.
    init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard Int(message.type) == RTM_NEWADDR else { return nil }
        let header: ifaddrmsg = try datagram.header(of: message)
        guard Int32(header.ifa_flags) & IFA_F_SECONDARY == 0,
            UInt32(header.ifa_scope) == RT_SCOPE_UNIVERSE.rawValue, Int32(header.ifa_family) == AF_INET
        else { return nil }
        var local: IPAddress?
        var other: IPAddress?
        var attributes = try message.attributes(after: MemoryLayout<ifaddrmsg>.size)
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case Int(IFA_LOCAL): local = try datagram.address(attribute, .v4)
            case Int(IFA_ADDRESS): other = try datagram.address(attribute, .v4)
            default: continue
            }
        }
        guard let address = local ?? other else { return nil }
        self.address = address
        network = IPPrefix(other ?? address, length: header.ifa_prefixlen)
        link = header.ifa_index
    }
}

/// The choice among addresses in the kernel's order.
private struct SourceChoice {
    private var first: SelectableAddress?
    private var inNetwork: IPAddress?

    mutating func consider(_ address: SelectableAddress, nextHop: IPAddress?) {
        if let nextHop, inNetwork == nil, address.network?.contains(nextHop) == true { inNetwork = address.address }
        if let first, first.link <= address.link { return }
        first = address
    }

    mutating func take() -> IPAddress? { inNetwork ?? first?.address }
}
