// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Glibc
import Netlink

/// Whether the kernel can hold our rules in a variant's tables, found out by trying.
///
/// Which programs are installed says nothing of that. Debian 11's User Mode Linux (5.10) lets `iptables-nft` make chains, and
/// refuses those that packets come through; `iptables-nft-save` prints empty tables there.
enum VariantTrial {
    /// - Returns: why the kernel cannot; `nil` when it can, or when that cannot be found out.
    static func hindrance(of variant: IPTablesVariant) async -> String? {
        switch variant {
        case .nft: return NFTablesTrial.allCases.lazy.compactMap(\.hindrance).first
        case .legacy:
            for table in RuleTable.allCases {
                // The program loads what the table needs, as it would to write to it.
                let program = Program(
                    name: "iptables-legacy", arguments: ["--wait", "5", "-t", table.rawValue, "-S", "OUTPUT"])
                guard let outcome = try? await program.run(), !outcome.isSuccess else { continue }
                // Any other failure, such as a lock that others hold, says nothing about the kernel.
                guard outcome.standardError.contains("can't initialize"),
                    !outcome.standardError.contains("Permission denied")
                else { return nil }
                let failure = RestoreFailure(standardError: outcome.standardError, input: "")
                return "no table \(table.rawValue): \(failure.words)"
            }
            return nil
        }
    }
}

/// What our rules need of nf_tables.
private enum NFTablesTrial: CaseIterable {
    case natChain
    case filterChain
    /// `-m addrtype` stands for the matches that iptables has in nf_tables by way of its own modules (`nft_compat`).
    case compatibleMatch

    /// Why the kernel does not take it; `nil` when it does, or when nobody may ask.
    ///
    /// A transaction in which one request is refused is taken back as a whole, and the kernel tells of each request all the same
    /// (`nfnetlink_rcv_batch` in `net/netfilter/nfnetlink.c`). So one that cannot succeed comes last, and nothing is left behind.
    var hindrance: String? {
        do throws(NetlinkError) {
            var socket = try NetlinkSocket.open(.netfilter, timeout: .seconds(5))
            var batch = NetlinkBatch(countLimit: 8)
            var request = try NetlinkRequest()
            try request.beginTransaction(NFNL_MSG_BATCH_BEGIN)
            batch.append(request, tag: Tag.other.rawValue)
            try Self.putTable(&request, flags: .create)
            batch.append(request, tag: Tag.other.rawValue)
            try putChain(&request)
            batch.append(request, tag: self == .compatibleMatch ? Tag.other.rawValue : Tag.tried.rawValue)
            if self == .compatibleMatch {
                try Self.putRule(&request)
                batch.append(request, tag: Tag.tried.rawValue)
            }
            // The table is there by now.
            try Self.putTable(&request, flags: [.create, .exclusive])
            batch.append(request, tag: Tag.other.rawValue)
            try request.beginTransaction(NFNL_MSG_BATCH_END)
            batch.append(request, tag: Tag.other.rawValue)
            // Answers come in the order of the requests, so the one that is tried is answered before the last one is refused.
            try socket.submit(transaction: &batch, acknowledging: Tag.tried.rawValue)
            return nil
        } catch {
            let inconclusive = [EPERM, EACCES, ENOMEM, EBUSY, EINTR]
            guard error.operation == .request, !inconclusive.contains(error.errno.rawValue) else { return nil }
            return "\(words): \(error)"
        }
    }

    private enum Tag: Int {
        case tried
        case other
    }

    private static let name = "kube-ipvs-trial"

    private static func putTable(
        _ request: inout NetlinkRequest,
        flags: NetlinkRequestFlags
    ) throws(NetlinkError) {
        try request.begin(netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, .v4, flags: flags)
        try request.put(Int(NFTA_TABLE_NAME.rawValue), name)
    }

    private var words: String {
        switch self {
        case .natChain: "no chain of type nat"
        case .filterChain: "no chain of type filter"
        case .compatibleMatch: "no match of iptables"
        }
    }

    private func putChain(_ request: inout NetlinkRequest) throws(NetlinkError) {
        // `NF_INET_POST_ROUTING` and `NF_IP_PRI_NAT_SRC`, `NF_INET_LOCAL_IN` and `NF_IP_PRI_FILTER`.
        let (type, hook, priority): (String, UInt32, UInt32) = self == .natChain ? ("nat", 4, 100) : ("filter", 1, 0)
        try request.begin(
            netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, .v4,
            flags: self == .compatibleMatch ? .create : [.create, .acknowledged])
        try request.put(Int(NFTA_CHAIN_TABLE.rawValue), Self.name)
        try request.put(Int(NFTA_CHAIN_NAME.rawValue), Self.name)
        try request.put(Int(NFTA_CHAIN_TYPE.rawValue), type)
        try request.nest(Int(NFTA_CHAIN_HOOK.rawValue)) { (request) throws(NetlinkError) in
            try request.put(Int(NFTA_HOOK_HOOKNUM.rawValue), hook.bigEndian)
            try request.put(Int(NFTA_HOOK_PRIORITY.rawValue), priority.bigEndian)
        }
    }

    private static func putRule(_ request: inout NetlinkRequest) throws(NetlinkError) {
        try request.begin(
            netfilter: NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE, .v4, flags: [.create, .acknowledged])
        try request.put(Int(NFTA_RULE_TABLE.rawValue), name)
        try request.put(Int(NFTA_RULE_CHAIN.rawValue), name)
        try request.nest(Int(NFTA_RULE_EXPRESSIONS.rawValue)) { (request) throws(NetlinkError) in
            try request.nest(Int(NFTA_LIST_ELEM.rawValue)) { (request) throws(NetlinkError) in
                try request.put(Int(NFTA_EXPR_NAME.rawValue), "match")
                try request.nest(Int(NFTA_EXPR_DATA.rawValue)) { (request) throws(NetlinkError) in
                    try request.put(Int(NFTA_MATCH_NAME.rawValue), "addrtype")
                    try request.put(Int(NFTA_MATCH_REV.rawValue), UInt32(1).bigEndian)
                    // `struct xt_addrtype_info_v1`: source, destination (a bit for `RTN_LOCAL`) and flags.
                    let info: (UInt16, UInt16, UInt32) = (0, 1 << 2, 0)
                    try request.put(Int(NFTA_MATCH_INFO.rawValue), structure: info)
                }
            }
        }
    }
}
