// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A route with the daemon's protocol number in the routing table `local`, as the kernel has it, whichever program
/// wrote it.
///
/// One that the daemon writes has a whole address as its destination, is of type `local` and goes to `lo`. `lo` is there
/// and up on every node. The routes of `kube-ipvs0` go when its last address goes (`fib_disable_ip` in
/// `net/ipv4/fib_frontend.c`), and a link that is down takes no route of IPv6.
public struct LocalRoute: Hashable, Sendable {
    /// `rtm_protocol`, by which routes of virtual IPs are told from those of the kernel and of other programs.
    ///
    /// Neither `linux/rtnetlink.h` nor `rt_protos` of iproute2 has a name for it, and no routing daemon is known to use
    /// it. `docs/virtual-ips.md` has the line that makes `ip route` print a name.
    public static let protocolNumber: UInt8 = 117

    /// The metric of the routes that the daemon writes.
    ///
    /// The route that the kernel makes for an address has metric 0, and what `ip route` writes has 0 (IPv4) or 1024 (IPv6).
    /// So each of those can be there beside ours, and go, and the address is local all the time.
    public static let metric: UInt32 = 117

    /// The number of `lo` in every network namespace (`LOOPBACK_IFINDEX` in `include/net/flow.h`).
    public static let loopbackIndex: UInt32 = 1

    /// The destination.
    public var address: IPAddress
    /// The family that the kernel keeps it in: for an IPv4-mapped address of IPv6 another one than the address's own.
    public var family: IPFamily
    public var prefixLength: UInt8
    public var metric: UInt32
    /// `rtm_tos`, which IPv6 does not have.
    public var typeOfService: UInt8
    /// Whether it is of type `local`, and not such as `blackhole`.
    public var isLocal: Bool
    /// The number of the link that it goes to; `nil` for none or several.
    public var link: UInt32?
    /// Whether it has a trait that no route of ours has, such as a source address, an MTU, an end to its lifetime or a
    /// gateway.
    public var hasForeignTraits: Bool

    /// By default as the daemon writes it.
    public init(
        _ address: IPAddress,
        in family: IPFamily? = nil,
        prefixLength: UInt8? = nil,
        metric: UInt32 = Self.metric,
        typeOfService: UInt8 = 0,
        isLocal: Bool = true,
        link: UInt32? = Self.loopbackIndex,
        hasForeignTraits: Bool = false
    ) {
        self.address = address
        self.family = family ?? address.family
        self.prefixLength = prefixLength ?? self.family.bitWidth
        self.metric = metric
        self.typeOfService = typeOfService
        self.isLocal = isLocal
        self.link = link
        self.hasForeignTraits = hasForeignTraits
    }

    /// Whether it is a route that the daemon does not write, and so has to go.
    public var isStray: Bool { self != LocalRoute(address) }
}

extension LocalRoute: CustomStringConvertible {
    /// As `ip route` prints its destination, and what it differs in from the daemon's.
    public var description: String {
        let own = family != address.family ? "::ffff:\(address)" : "\(address)"
        var words = ["\(own)/\(prefixLength)"]
        if !isLocal { words.append("not of type local") }
        if metric != Self.metric { words.append("metric \(metric)") }
        if typeOfService != 0 { words.append("tos \(typeOfService)") }
        if link != Self.loopbackIndex { words.append("not to lo") }
        if hasForeignTraits { words.append("with attributes of its own") }
        return words.joined(separator: " ")
    }
}
