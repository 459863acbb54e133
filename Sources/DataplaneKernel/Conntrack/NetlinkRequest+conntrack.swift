// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Glibc
import Netlink

/// Attribute layout: `linux/netfilter/nfnetlink_conntrack.h`; what each command needs: `ctnetlink_get_conntrack`,
/// `ctnetlink_alloc_filter` and `ctnetlink_del_conntrack` in `net/netfilter/nf_conntrack_netlink.c`.
extension NetlinkRequest {
    /// Starts the dump of the flows that match a filter.
    mutating func beginFlowDump(_ filter: ConntrackFilter) throws(NetlinkError) {
        try begin(netfilter: NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, filter.family)
        var flags = FilterFlags.transport
        if filter.server != nil { flags.insert(.destinationPort) }
        // Not the address for IPv6: Linux 7.2 then hands over no flow at all. Whoever reads the answer filters it too.
        let address = filter.family == .v4 ? filter.server?.address : nil
        if address != nil { flags.insert(.destination) }
        try nest(CTA_TUPLE_ORIG) { (tuple) throws(NetlinkError) in
            if let address {
                try tuple.nest(CTA_TUPLE_IP) { (addresses) throws(NetlinkError) in
                    try addresses.put(destination: address)
                }
            }
            try tuple.nest(CTA_TUPLE_PROTO) { (ports) throws(NetlinkError) in
                try ports.put(CTA_PROTO_NUM, filter.transport.rawValue)
                if let server = filter.server {
                    try ports.put(CTA_PROTO_DST_PORT, server.port.bigEndian)
                }
            }
        }
        try nest(CTA_FILTER) { (attribute) throws(NetlinkError) in
            try attribute.put(CTA_FILTER_ORIG_FLAGS, flags.rawValue)
        }
    }

    /// Writes the end of the tracking of a flow.
    mutating func beginFlowRemoval(_ flow: ConntrackFlow) throws(NetlinkError) {
        try begin(netfilter: NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, flow.original.source.family)
        try nest(CTA_TUPLE_ORIG) { (tuple) throws(NetlinkError) in
            try tuple.nest(CTA_TUPLE_IP) { (addresses) throws(NetlinkError) in
                try addresses.put(source: flow.original.source)
                try addresses.put(destination: flow.original.destination)
            }
            try tuple.nest(CTA_TUPLE_PROTO) { (ports) throws(NetlinkError) in
                try ports.put(CTA_PROTO_NUM, flow.transport.rawValue)
                try ports.put(CTA_PROTO_SRC_PORT, flow.original.sourcePort.bigEndian)
                try ports.put(CTA_PROTO_DST_PORT, flow.original.destinationPort.bigEndian)
            }
            if let zone = flow.originalZone {
                try tuple.put(CTA_TUPLE_ZONE, zone.bigEndian)
            }
        }
        if flow.zone != 0 {
            try put(CTA_ZONE, flow.zone.bigEndian)
        }
        if let id = flow.id {
            // In the order of the wire, as it was read: nobody counts with it.
            try put(CTA_ID, id)
        }
    }

    private mutating func put(source address: IPAddress) throws(NetlinkError) {
        try put(address.family == .v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, address)
    }

    private mutating func put(destination address: IPAddress) throws(NetlinkError) {
        try put(address.family == .v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, address)
    }
}

/// Which fields of a filter's tuple count: `CTA_FILTER_F_*` in the kernel's `nf_internals.h`.
private struct FilterFlags: OptionSet {
    let rawValue: UInt32

    static let destination = Self(rawValue: 1 << 1)
    static let transport = Self(rawValue: 1 << 3)
    static let destinationPort = Self(rawValue: 1 << 5)
}

/// The attributes are enumerations of C.
extension NetlinkRequest {
    mutating func nest(
        _ attribute: some RawRepresentable<UInt32>,
        _ body: (inout NetlinkRequest) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        try nest(Int(attribute.rawValue), body)
    }

    mutating func put(_ attribute: some RawRepresentable<UInt32>, _ value: UInt8) throws(NetlinkError) {
        try put(Int(attribute.rawValue), value)
    }

    mutating func put(_ attribute: some RawRepresentable<UInt32>, _ value: UInt16) throws(NetlinkError) {
        try put(Int(attribute.rawValue), value)
    }

    mutating func put(_ attribute: some RawRepresentable<UInt32>, _ value: UInt32) throws(NetlinkError) {
        try put(Int(attribute.rawValue), value)
    }

    mutating func put(_ attribute: some RawRepresentable<UInt32>, _ address: IPAddress) throws(NetlinkError) {
        try put(Int(attribute.rawValue), address)
    }
}
