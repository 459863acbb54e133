// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
import Netlink

/// The generation of a network namespace's nf_tables rules: the kernel counts it up with each transaction that changes
/// them, whoever made it (`nf_tables_commit` in `net/netfilter/nf_tables_api.c`).
enum NFTablesGeneration {
    static func read() throws(NetlinkError) -> UInt32 {
        var socket = try NetlinkSocket.open(.netfilter)
        var request = try NetlinkRequest()
        try request.begin(netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN)

        var generation: UInt32?
        try socket.exchange(&request) { (message, datagram) throws(NetlinkError) in
            var attributes = try message.netfilterAttributes()
            while let attribute = try attributes.next(in: datagram) {
                guard attribute.type == Int(NFTA_GEN_ID.rawValue) else { continue }
                generation = UInt32(bigEndian: try datagram.integer(attribute))
            }
        }
        guard let generation else { throw .incomplete("generation of nf_tables") }
        return generation
    }
}
