import CLinuxUAPI
import Glibc
import Netlink

/// Attribute layout: `linux/netfilter/ipset/ip_set.h`; what the command needs: `ip_set_dump` in
/// `net/netfilter/ipset/ip_set_core.c`.
extension NetlinkRequest {
    /// Starts the dump of one set.
    ///
    /// - Parameter headerOnly: whether to leave out its members.
    mutating func beginSetDump(_ name: String, headerOnly: Bool) throws(NetlinkError) {
        let header = nfgenmsg(nfgen_family: UInt8(AF_INET), version: UInt8(NFNETLINK_V0), res_id: 0)
        try begin(type: Int(NFNL_SUBSYS_IPSET) << 8 | Int(IPSET_CMD_LIST.rawValue), header: header)
        // What has changed since the oldest protocol that kernels still speak is not about this command.
        try put(Int(IPSET_ATTR_PROTOCOL), UInt8(IPSET_PROTOCOL_MIN))
        try put(Int(IPSET_ATTR_SETNAME), name)
        if headerOnly {
            try put(Int(IPSET_ATTR_FLAGS) | Int(NLA_F_NET_BYTEORDER), IPSET_FLAG_LIST_HEADER.rawValue.bigEndian)
        }
    }
}
