// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
package import DataplaneModel
package import Netlink

/// What the kernel writes: `ip_set_dump_do` in `net/netfilter/ipset/ip_set_core.c`, and `mtype_head` and `mtype_list` in
/// `ip_set_hash_gen.h` and `ip_set_bitmap_gen.h`.
extension NetlinkMessage {
    /// The set that a message of a dump is of. The first message of each set tells it: `nil` for the others.
    package func observedSet(in datagram: RawSpan) throws(NetlinkError) -> ObservedSet? {
        var set = ObservedSet(name: "", typeName: "")
        var attributes = try netfilterAttributes()
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case Int(IPSET_ATTR_SETNAME): set.name = datagram.string(attribute)
            case Int(IPSET_ATTR_TYPENAME): set.typeName = datagram.string(attribute)
            case Int(IPSET_ATTR_FAMILY):
                set.family = IPFamily(rawAddressFamily: UInt16(try datagram.integer(attribute) as UInt8))
            case Int(IPSET_ATTR_DATA): try set.takeOptions(attribute, in: datagram)
            default: continue
            }
        }
        return set.typeName.isEmpty ? nil : set
    }

    /// Hands over a set's entries: `nil` for one of a protocol that no Service port has, and for an exception (`nomatch`).
    package func forEachSetEntry(
        of type: IPSetType,
        in datagram: RawSpan,
        _ body: (IPSetEntry?) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        var attributes = try netfilterAttributes()
        while let attribute = try attributes.next(in: datagram) {
            guard attribute.type == Int(IPSET_ATTR_ADT) else { continue }
            var entries = attribute.nested
            while let entry = try entries.next(in: datagram) {
                try body(IPSetEntry(entry, of: type, in: datagram))
            }
        }
    }
}

extension ObservedSet {
    /// `IPSET_ATTR_BITMASK`, from Linux 6.3 on: older headers lack it.
    private static let bitmask = 12

    private static var flagNames: [(flag: ipset_cadt_flags, name: String)] {
        [
            (IPSET_FLAG_WITH_FORCEADD, "forceadd"), (IPSET_FLAG_WITH_COUNTERS, "counters"),
            (IPSET_FLAG_WITH_COMMENT, "comment"), (IPSET_FLAG_WITH_SKBINFO, "skbinfo"),
        ]
    }

    fileprivate mutating func takeOptions(_ header: NetlinkAttribute, in datagram: RawSpan) throws(NetlinkError) {
        var firstPort: UInt16?
        var lastPort: UInt16?
        var options = header.nested
        while let option = try options.next(in: datagram) {
            switch option.type {
            case Int(IPSET_ATTR_MAXELEM): maximumElements = UInt32(bigEndian: try datagram.integer(option))
            case Int(IPSET_ATTR_PORT): firstPort = UInt16(bigEndian: try datagram.integer(option))
            case Int(IPSET_ATTR_PORT_TO): lastPort = UInt16(bigEndian: try datagram.integer(option))
            case Int(IPSET_ATTR_REFERENCES): references = UInt32(bigEndian: try datagram.integer(option))
            case Int(IPSET_ATTR_TIMEOUT): foreignOptions.append("timeout")
            case Int(IPSET_ATTR_NETMASK): foreignOptions.append("netmask")
            case Self.bitmask: foreignOptions.append("bitmask")
            case Int(IPSET_ATTR_CADT_FLAGS):
                let flags = UInt32(bigEndian: try datagram.integer(option))
                foreignOptions += Self.flagNames.filter { flags & $0.flag.rawValue != 0 }.map(\.name)
            default: continue
            }
        }
        if let firstPort, let lastPort, firstPort <= lastPort { ports = firstPort...lastPort }
    }
}

extension IPSetEntry {
    /// An entry of a set of that type.
    ///
    /// `nil` for a protocol that no Service port has, and for an exception (`nomatch`).
    fileprivate init?(_ entry: NetlinkAttribute, of type: IPSetType, in datagram: RawSpan) throws(NetlinkError) {
        var first: IPAddress?
        var second: IPAddress?
        var port: UInt16?
        var transport: TransportProtocol?
        var secondLength: UInt8?
        var fields = entry.nested
        while let field = try fields.next(in: datagram) {
            switch field.type {
            case Int(IPSET_ATTR_IP): first = try datagram.setAddress(field)
            case Int(IPSET_ATTR_IP2): second = try datagram.setAddress(field)
            case Int(IPSET_ATTR_PORT): port = UInt16(bigEndian: try datagram.integer(field))
            case Int(IPSET_ATTR_PROTO): transport = TransportProtocol(rawValue: try datagram.integer(field))
            case Int(IPSET_ATTR_CIDR2): secondLength = try datagram.integer(field)
            case Int(IPSET_ATTR_CADT_FLAGS):
                let flags = UInt32(bigEndian: try datagram.integer(field))
                if flags & IPSET_FLAG_NOMATCH.rawValue != 0 { return nil }
            default: continue
            }
        }
        switch (type, first, transport, port, second) {
        case (.bitmapPort, nil, nil, let port?, nil):
            self = .port(port)
        case (.hashIP, let first?, nil, nil, nil):
            self = .ip(first)
        case (.hashIPPort, let first?, let transport?, let port?, nil):
            self = .ipPort(first, transport, port)
        case (.hashIPPortIP, let first?, let transport?, let port?, let second?):
            self = .ipPortIP(first, transport, port, second)
        case (.hashIPPortNet, let first?, let transport?, let port?, let second?):
            guard let network = secondLength.flatMap({ IPPrefix(second, length: $0) }) else { return nil }
            self = .ipPortNet(first, transport, port, network)
        default:
            return nil
        }
    }
}

extension RawSpan {
    /// The address in a nest of ipset's, which says by its attribute of which family it is.
    fileprivate func setAddress(_ nest: NetlinkAttribute) throws(NetlinkError) -> IPAddress? {
        var addresses = nest.nested
        guard let address = try addresses.next(in: self) else { return nil }
        switch address.type {
        case Int(IPSET_ATTR_IPADDR_IPV4): return try self.address(address, .v4)
        case Int(IPSET_ATTR_IPADDR_IPV6): return try self.address(address, .v6)
        default: return nil
        }
    }
}
