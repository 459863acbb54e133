// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
package import DataplaneModel
package import Netlink

/// Answers of the `IPVS` family: `ip_vs_genl_fill_service` and `ip_vs_genl_fill_dest` in
/// `net/netfilter/ipvs/ip_vs_ctl.c`. Attributes that are not known here are passed over.
extension NetlinkMessage {
    /// The virtual server of an answer to `IPVS_CMD_GET_SERVICE`, without its real servers.
    ///
    /// `nil` for one that nothing here can name: of a transport that no Service has, or for IPv6 packets to an
    /// IPv4-mapped address.
    package func virtualServer(in datagram: RawSpan) throws(NetlinkError) -> ObservedVirtualServer? {
        guard var attributes = try nested(IPVS_CMD_ATTR_SERVICE, in: datagram) else {
            throw .incomplete("virtual server")
        }
        var family: IPFamily?
        var transport: UInt16 = 0
        var address: NetlinkAttribute?
        var port: UInt16 = 0
        var mark: UInt32?
        var scheduler: Scheduler?
        var flags: UInt32 = 0
        var timeout: UInt32 = 0
        var mask: UInt32 = 0
        var engine: IPVSName?
        var statistics: NetlinkAttribute?
        var statistics64: NetlinkAttribute?

        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case IPVS_SVC_ATTR_AF: family = IPFamily(rawAddressFamily: try datagram.integer(attribute))
            case IPVS_SVC_ATTR_PROTOCOL: transport = try datagram.integer(attribute)
            case IPVS_SVC_ATTR_ADDR: address = attribute
            case IPVS_SVC_ATTR_PORT: port = UInt16(bigEndian: try datagram.integer(attribute))
            case IPVS_SVC_ATTR_FWMARK: mark = try datagram.integer(attribute)
            case IPVS_SVC_ATTR_SCHED_NAME: scheduler = Scheduler(datagram.string(attribute))
            // `struct ip_vs_flags`: the flags, then which of them count.
            case IPVS_SVC_ATTR_FLAGS: flags = try datagram.integer(attribute)
            case IPVS_SVC_ATTR_TIMEOUT: timeout = try datagram.integer(attribute)
            case IPVS_SVC_ATTR_NETMASK: mask = try datagram.integer(attribute)
            case IPVS_SVC_ATTR_PE_NAME: engine = IPVSName(datagram.string(attribute))
            case IPVS_SVC_ATTR_STATS: statistics = attribute
            case IPVS_SVC_ATTR_STATS64: statistics64 = attribute
            default: continue
            }
        }

        guard let family, let scheduler else { throw .incomplete("virtual server") }
        let identity: ObservedVirtualServer.Identity
        if let mark {
            identity = .firewallMark(mark, family)
        } else {
            guard let address else { throw .incomplete("virtual server") }
            let number = try datagram.address(address, family)
            guard let transport = TransportProtocol(attribute: transport), number.family == family else { return nil }
            identity = .address(VirtualServer.ID(address: number, port: port, transport: transport))
        }
        let configuration = VirtualServer.Configuration(
            scheduler: scheduler,
            flags: VirtualServerFlags(rawValue: flags).subtracting(.hashed),
            persistenceTimeout: timeout,
            persistenceMask: mask.asNetmaskAttribute(of: family),
            persistenceEngine: engine
        )
        return ObservedVirtualServer(
            identity: identity,
            configuration: configuration,
            statistics: try datagram.statistics(statistics64, or: statistics)
        )
    }

    /// The real server of an answer to `IPVS_CMD_GET_DEST`, `nil` for an IPv4-mapped address of IPv6.
    ///
    /// - Parameter serviceFamily: the family of its virtual server, which counts for kernels that do not say the real
    ///   server's own (before 3.18).
    func realServer(in datagram: RawSpan, serviceFamily: IPFamily) throws(NetlinkError) -> ObservedRealServer? {
        guard var attributes = try nested(IPVS_CMD_ATTR_DEST, in: datagram) else {
            throw .incomplete("real server")
        }
        var family = serviceFamily
        var address: NetlinkAttribute?
        var port: UInt16 = 0
        var (method, weight): (UInt32, UInt32) = (0, 0)
        var (upper, lower): (UInt32, UInt32) = (0, 0)
        var (active, inactive, persistent): (UInt32, UInt32, UInt32) = (0, 0, 0)
        var (tunnelKind, tunnelPort, tunnelFlags): (UInt8, UInt16, UInt16) = (0, 0, 0)
        var (statistics, statistics64): (NetlinkAttribute?, NetlinkAttribute?) = (nil, nil)

        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case IPVS_DEST_ATTR_ADDR_FAMILY:
                guard let known = IPFamily(rawAddressFamily: try datagram.integer(attribute)) else {
                    throw .incomplete("real server")
                }
                family = known
            case IPVS_DEST_ATTR_ADDR: address = attribute
            case IPVS_DEST_ATTR_PORT: port = UInt16(bigEndian: try datagram.integer(attribute))
            case IPVS_DEST_ATTR_FWD_METHOD: method = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_WEIGHT: weight = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_U_THRESH: upper = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_L_THRESH: lower = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_ACTIVE_CONNS: active = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_INACT_CONNS: inactive = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_PERSIST_CONNS: persistent = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_TUN_TYPE: tunnelKind = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_TUN_PORT: tunnelPort = UInt16(bigEndian: try datagram.integer(attribute))
            case IPVS_DEST_ATTR_TUN_FLAGS: tunnelFlags = try datagram.integer(attribute)
            case IPVS_DEST_ATTR_STATS: statistics = attribute
            case IPVS_DEST_ATTR_STATS64: statistics64 = attribute
            default: continue
            }
        }

        guard let address, let forwarding = ForwardingMethod(attribute: method) else {
            throw .incomplete("real server")
        }
        let number = try datagram.address(address, family)
        guard number.family == family else { return nil }
        let realServer = RealServer(
            id: RealServer.ID(address: number, port: port), weight: weight, forwarding: forwarding,
            upperThreshold: upper, lowerThreshold: lower
        )
        let tunnel = TunnelEncapsulation.Kind(rawValue: tunnelKind).map { kind in
            TunnelEncapsulation(kind: kind, port: tunnelPort, flags: tunnelFlags)
        }
        return ObservedRealServer(
            realServer: realServer,
            activeConnections: active,
            inactiveConnections: inactive,
            persistentConnections: persistent,
            statistics: try datagram.statistics(statistics64, or: statistics),
            tunnel: forwarding == .tunnel ? tunnel : nil
        )
    }

    /// The attributes inside a first-level one, `nil` when the message has none of that type.
    func nested(_ type: Int, in datagram: RawSpan) throws(NetlinkError) -> NetlinkAttributes? {
        var attributes = try genericAttributes()
        while let attribute = try attributes.next(in: datagram) {
            if attribute.type == type { return attribute.nested }
        }
        return nil
    }
}

extension RawSpan {
    /// Counters from the 64-bit attribute, or from the 32-bit one of kernels before 4.1.
    fileprivate func statistics(
        _ wide: NetlinkAttribute?,
        or narrow: NetlinkAttribute?
    ) throws(NetlinkError) -> TrafficStatistics {
        var statistics = TrafficStatistics()
        guard var attributes = (wide ?? narrow)?.nested else { return statistics }
        while let attribute = try attributes.next(in: self) {
            switch attribute.type {
            case IPVS_STATS_ATTR_CONNS: statistics.connections = try counter(attribute)
            case IPVS_STATS_ATTR_INPKTS: statistics.inboundPackets = try counter(attribute)
            case IPVS_STATS_ATTR_OUTPKTS: statistics.outboundPackets = try counter(attribute)
            case IPVS_STATS_ATTR_INBYTES: statistics.inboundBytes = try counter(attribute)
            case IPVS_STATS_ATTR_OUTBYTES: statistics.outboundBytes = try counter(attribute)
            case IPVS_STATS_ATTR_CPS: statistics.connectionsPerSecond = try counter(attribute)
            case IPVS_STATS_ATTR_INPPS: statistics.inboundPacketsPerSecond = try counter(attribute)
            case IPVS_STATS_ATTR_OUTPPS: statistics.outboundPacketsPerSecond = try counter(attribute)
            case IPVS_STATS_ATTR_INBPS: statistics.inboundBytesPerSecond = try counter(attribute)
            case IPVS_STATS_ATTR_OUTBPS: statistics.outboundBytesPerSecond = try counter(attribute)
            default: continue
            }
        }
        return statistics
    }

    /// A number of eight or four bytes: the 32-bit statistics have both (bytes in eight).
    private func counter(_ attribute: NetlinkAttribute) throws(NetlinkError) -> UInt64 {
        guard attribute.payload.count >= 8 else { return UInt64(try integer(attribute, as: UInt32.self)) }
        return try integer(attribute)
    }
}

extension TransportProtocol {
    fileprivate init?(attribute: UInt16) {
        guard let number = UInt8(exactly: attribute) else { return nil }
        self.init(rawValue: number)
    }
}

extension ForwardingMethod {
    fileprivate init?(attribute: UInt32) {
        self.init(rawValue: UInt8(truncatingIfNeeded: attribute & UInt32(IP_VS_CONN_F_FWD_MASK)))
    }
}

extension NetlinkError {
    /// An answer that lacks what every kernel sends.
    static func incomplete(_ thing: String) -> NetlinkError {
        NetlinkError(.receive, .badMessage, explanation: "a \(thing) without all it needs")
    }
}
