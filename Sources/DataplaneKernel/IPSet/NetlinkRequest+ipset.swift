// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
package import Netlink

/// Attribute layout: `linux/netfilter/ipset/ip_set.h`; what the command needs: `ip_set_dump` in
/// `net/netfilter/ipset/ip_set_core.c`.
extension NetlinkRequest {
    /// Starts the dump of one set (`nil` is all).
    ///
    /// - Parameter headerOnly: whether to leave out its members.
    package mutating func beginSetDump(_ name: String?, headerOnly: Bool = false) throws(NetlinkError) {
        try begin(netfilter: NFNL_SUBSYS_IPSET, IPSET_CMD_LIST)
        // What has changed since the oldest protocol that kernels still speak is not about this command.
        try put(Int(IPSET_ATTR_PROTOCOL), UInt8(IPSET_PROTOCOL_MIN))
        if let name { try put(Int(IPSET_ATTR_SETNAME), name) }
        if headerOnly {
            try put(Int(IPSET_ATTR_FLAGS) | Int(NLA_F_NET_BYTEORDER), IPSET_FLAG_LIST_HEADER.rawValue.bigEndian)
        }
    }
}
