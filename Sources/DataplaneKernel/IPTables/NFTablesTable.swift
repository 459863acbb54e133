// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Netlink
import Reconcile

/// What a table of nf_tables holds, read from the kernel and not by a program.
///
/// iptables refuses to print a chain in which something is that it has no words for, and the kernel does not.
struct NFTablesTable {
    var chains: Set<String> = []
    /// In the order in which packets meet those of one chain.
    var rules: [NFTablesRule] = []

    /// The table of a family in the calling thread's network namespace; an empty one when there is none.
    static func read(_ name: String, _ family: IPFamily) throws(DataplaneError) -> NFTablesTable {
        do throws(NetlinkError) {
            var socket = try NetlinkSocket.open(.netfilter)
            var request = try NetlinkRequest()
            try request.begin(netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_GETCHAIN, family)
            let chains = try socket.dump(&request, into: Set<String>()) {
                (chains, message, datagram) throws(NetlinkError) in
                if let chain = try message.nftablesChain(of: name, in: datagram) { chains.insert(chain) }
            }
            try request.begin(netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, family)
            try request.put(Int(NFTA_RULE_TABLE.rawValue), name)
            let rules = try socket.dump(&request, into: [NFTablesRule]()) {
                (rules, message, datagram) throws(NetlinkError) in
                if let rule = try message.nftablesRule(of: name, family, in: datagram) { rules.append(rule) }
            }
            return NFTablesTable(chains: chains, rules: rules)
        } catch {
            throw DataplaneError(.rules, "read the table \(name) of nf_tables (\(family))", error)
        }
    }

    /// As a save program would print it, if it could.
    func listing(named name: String) -> String {
        (["*\(name)"] + chains.sorted().map { ":\($0) - [0:0]" } + rules.map(\.line) + ["COMMIT", ""])
            .joined(separator: "\n")
    }

    /// Removes a rule, and nothing else, whatever has changed around it.
    static func remove(_ rule: NFTablesRemoval.Rule, _ family: IPFamily) throws(DataplaneError) {
        do throws(NetlinkError) {
            var socket = try NetlinkSocket.open(.netfilter)
            var batch = NetlinkBatch(countLimit: 4)
            var request = try NetlinkRequest()
            try request.beginTransaction(NFNL_MSG_BATCH_BEGIN)
            batch.append(request, tag: 0)
            try request.begin(netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_DELRULE, family, flags: .acknowledged)
            try request.put(Int(NFTA_RULE_TABLE.rawValue), rule.table)
            try request.put(Int(NFTA_RULE_CHAIN.rawValue), rule.chain)
            try request.put(Int(NFTA_RULE_HANDLE.rawValue), structure: rule.handle.bigEndian)
            batch.append(request, tag: 1)
            try request.beginTransaction(NFNL_MSG_BATCH_END)
            batch.append(request, tag: 2)
            try socket.submit(transaction: &batch, acknowledging: 1)
        } catch {
            // Somebody else has removed it, or its chain.
            if error.operation == .request, error.errno == .noEntry { return }
            let name = "\(rule.chain) with handle \(rule.handle)"
            throw DataplaneError(.rules, "remove a rule from the chain \(name) of nf_tables (\(family))", error)
        }
    }
}

extension NetlinkRequest {
    /// Starts the first or last message of a transaction of nf_tables: `nfnetlink_rcv_batch` in `net/netfilter/nfnetlink.c`.
    mutating func beginTransaction(_ type: Int32) throws(NetlinkError) {
        var header = nfgenmsg()
        header.version = UInt8(NFNETLINK_V0)
        header.res_id = UInt16(truncatingIfNeeded: NFNL_SUBSYS_NFTABLES).bigEndian
        try begin(type: Int(type), header: header)
    }
}
