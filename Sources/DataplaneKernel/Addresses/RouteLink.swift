// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
import Netlink

/// A network interface, as far as an answer to `RTM_GETLINK`, or a notification, says what is needed of it.
struct RouteLink {
    var index: UInt32
    var name: String
    /// Such as `dummy` or `veth`; empty for hardware.
    var kind = ""
    /// `false` in a notification of a link that went.
    var isThere: Bool

    /// `nil` for a message of another type.
    init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard [RTM_NEWLINK, RTM_DELLINK].contains(Int(message.type)) else { return nil }
        isThere = Int(message.type) == RTM_NEWLINK
        let header: ifinfomsg = try datagram.header(of: message)
        index = UInt32(bitPattern: header.ifi_index)
        name = ""
        var attributes = try message.attributes(after: MemoryLayout<ifinfomsg>.size)
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case IFLA_IFNAME: name = datagram.string(attribute)
            case IFLA_LINKINFO: kind = try Self.kind(attribute, in: datagram)
            default: continue
            }
        }
    }

    private static func kind(_ information: NetlinkAttribute, in datagram: RawSpan) throws(NetlinkError) -> String {
        var attributes = information.nested
        while let attribute = try attributes.next(in: datagram) {
            if attribute.type == IFLA_INFO_KIND { return datagram.string(attribute) }
        }
        return ""
    }
}
