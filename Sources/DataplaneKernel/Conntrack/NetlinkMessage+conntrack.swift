// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Netlink

extension NetlinkMessage {
    /// The flow that a message of a dump tells of: `ctnetlink_fill_info` in `net/netfilter/nf_conntrack_netlink.c`.
    ///
    /// `nil` for one that the filter does not let through, whatever the kernel made of it.
    func conntrackFlow(
        of filter: ConntrackFilter,
        in datagram: RawSpan
    ) throws(NetlinkError) -> ConntrackFlow? {
        var original: ConntrackFlow.Tuple?
        var reply: ConntrackFlow.Tuple?
        var flow = ConntrackFlow(
            transport: filter.transport, original: Self.nowhere(filter.family), reply: Self.nowhere(filter.family))
        var attributes = try netfilterAttributes()
        while let attribute = try attributes.next(in: datagram) {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue:
                original = try Self.tuple(attribute, filter, &flow.originalZone, in: datagram)
                // Most flows of an older kernel's dump end here.
                if original == nil { return nil }
            case CTA_TUPLE_REPLY.rawValue:
                var replyZone: UInt16?
                reply = try Self.tuple(attribute, filter, &replyZone, in: datagram)
            case CTA_ZONE.rawValue: flow.zone = UInt16(bigEndian: try datagram.integer(attribute))
            case CTA_ID.rawValue: flow.id = try datagram.integer(attribute) as UInt32
            default: continue
            }
        }
        guard let original, let reply else { return nil }
        flow.original = original
        flow.reply = reply
        return filter.matches(flow) ? flow : nil
    }

    private static func nowhere(_ family: IPFamily) -> ConntrackFlow.Tuple {
        let address = family == .v4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
        return ConntrackFlow.Tuple(source: address, sourcePort: 0, destination: address, destinationPort: 0)
    }

    /// `nil` for another transport protocol.
    private static func tuple(
        _ attribute: NetlinkAttribute,
        _ filter: ConntrackFilter,
        _ zone: inout UInt16?,
        in datagram: RawSpan
    ) throws(NetlinkError) -> ConntrackFlow.Tuple? {
        var tuple = nowhere(filter.family)
        var transport: UInt8?
        var parts = attribute.nested
        while let part = try parts.next(in: datagram) {
            switch UInt32(part.type) {
            case CTA_TUPLE_IP.rawValue:
                var fields = part.nested
                while let field = try fields.next(in: datagram) {
                    switch UInt32(field.type) {
                    case CTA_IP_V4_SRC.rawValue: tuple.source = try datagram.address(field, .v4)
                    case CTA_IP_V4_DST.rawValue: tuple.destination = try datagram.address(field, .v4)
                    case CTA_IP_V6_SRC.rawValue: tuple.source = try datagram.address(field, .v6)
                    case CTA_IP_V6_DST.rawValue: tuple.destination = try datagram.address(field, .v6)
                    default: continue
                    }
                }
            case CTA_TUPLE_PROTO.rawValue:
                var fields = part.nested
                while let field = try fields.next(in: datagram) {
                    switch UInt32(field.type) {
                    case CTA_PROTO_NUM.rawValue: transport = try datagram.integer(field)
                    case CTA_PROTO_SRC_PORT.rawValue:
                        tuple.sourcePort = UInt16(bigEndian: try datagram.integer(field))
                    case CTA_PROTO_DST_PORT.rawValue:
                        tuple.destinationPort = UInt16(bigEndian: try datagram.integer(field))
                    default: continue
                    }
                }
            case CTA_TUPLE_ZONE.rawValue: zone = UInt16(bigEndian: try datagram.integer(part))
            default: continue
            }
        }
        return transport == filter.transport.rawValue ? tuple : nil
    }
}
