// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Netlink

extension NetlinkMessage {
    /// The name of the chain that a message of a dump is about; `nil` for a chain of another table.
    func nftablesChain(of table: String, in datagram: RawSpan) throws(NetlinkError) -> String? {
        var attributes = try netfilterAttributes()
        var name: String?
        while let attribute = try attributes.next(in: datagram) {
            switch UInt32(attribute.type) {
            case NFTA_CHAIN_TABLE.rawValue where datagram.string(attribute) != table: return nil
            case NFTA_CHAIN_NAME.rawValue: name = datagram.string(attribute)
            default: continue
            }
        }
        return name
    }

    /// The rule that a message of a dump is about; `nil` for one of another table, which older kernels send too.
    func nftablesRule(
        of table: String,
        _ family: IPFamily,
        in datagram: RawSpan
    ) throws(NetlinkError) -> NFTablesRule? {
        var attributes = try netfilterAttributes()
        var rule = NFTablesRule(chain: "", handle: 0)
        while let attribute = try attributes.next(in: datagram) {
            switch UInt32(attribute.type) {
            case NFTA_RULE_TABLE.rawValue where datagram.string(attribute) != table: return nil
            case NFTA_RULE_CHAIN.rawValue: rule.chain = datagram.string(attribute)
            case NFTA_RULE_HANDLE.rawValue: rule.handle = UInt64(bigEndian: try datagram.integer(attribute))
            case NFTA_RULE_EXPRESSIONS.rawValue:
                var reading = ExpressionReading(family: family)
                var expressions = attribute.nested
                while let expression = try expressions.next(in: datagram) {
                    try reading.read(expression, into: &rule, in: datagram)
                }
            default: continue
            }
        }
        return rule.chain.isEmpty ? nil : rule
    }
}

/// Goes through the expressions of a rule, which hand values on in registers.
private struct ExpressionReading {
    let family: IPFamily
    /// The register that holds the packet's destination address, and nothing else.
    private var destination: UInt32?

    init(family: IPFamily) {
        self.family = family
    }

    mutating func read(
        _ element: NetlinkAttribute,
        into rule: inout NFTablesRule,
        in datagram: RawSpan
    ) throws(NetlinkError) {
        let parts = try numbered(element, in: datagram)
        guard let name = parts[Int(NFTA_EXPR_NAME.rawValue)].map({ datagram.string($0) }) else { return }
        var values: [Int: NetlinkAttribute] = [:]
        if let data = parts[Int(NFTA_EXPR_DATA.rawValue)] { values = try numbered(data, in: datagram) }
        let fields = Fields(values: values)

        switch name {
        case "match":
            switch fields.text(NFTA_MATCH_NAME.rawValue, datagram) {
            // `struct xt_comment_info` is the text alone.
            case "comment": rule.comment = fields.text(NFTA_MATCH_INFO.rawValue, datagram)
            // Whether of the source or the destination is not worth reading: a set is somebody's choice of addresses.
            case "set": rule.hasDestinationSet = true
            default: return
            }
        case "target": rule.target = fields.text(NFTA_TARGET_NAME.rawValue, datagram).map { "-j \($0)" }
        case "immediate": try readVerdict(fields, into: &rule, datagram)
        case "nat":
            let type = try fields.number(NFTA_NAT_TYPE.rawValue, datagram)
            rule.target = type == NFT_NAT_DNAT.rawValue ? "-j DNAT" : "-j SNAT"
        case "masq": rule.target = "-j MASQUERADE"
        case "redir": rule.target = "-j REDIRECT"
        case "reject": rule.target = "-j REJECT"
        case "queue": rule.target = "-j NFQUEUE"
        case "payload": try readPayload(fields, datagram)
        case "cmp": try readComparison(fields, into: &rule, datagram)
        case "lookup":
            let isDestination = try fields.number(NFTA_LOOKUP_SREG.rawValue, datagram) == destination
            let flags = try fields.number(NFTA_LOOKUP_FLAGS.rawValue, datagram) ?? 0
            if destination != nil, isDestination, flags & NFT_LOOKUP_F_INV.rawValue == 0 {
                rule.hasDestinationSet = true
            }
        default:
            // It may have changed what is in the register, as `bitwise` does for a network.
            destination = nil
        }
    }

    private func readVerdict(
        _ fields: Fields,
        into rule: inout NFTablesRule,
        _ datagram: RawSpan
    ) throws(NetlinkError) {
        guard try fields.number(NFTA_IMMEDIATE_DREG.rawValue, datagram) == NFT_REG_VERDICT.rawValue,
            let data = fields.values[Int(NFTA_IMMEDIATE_DATA.rawValue)],
            let verdict = try numbered(data, in: datagram)[Int(NFTA_DATA_VERDICT.rawValue)]
        else { return }
        let parts = Fields(values: try numbered(verdict, in: datagram))
        guard let code = try parts.number(NFTA_VERDICT_CODE.rawValue, datagram) else { return }
        let chain = parts.text(NFTA_VERDICT_CHAIN.rawValue, datagram)
        switch Int32(bitPattern: code) {
        case NFT_JUMP.rawValue: rule.target = chain.map { "-j \($0)" }
        case NFT_GOTO.rawValue: rule.target = chain.map { "-g \($0)" }
        case NFT_RETURN.rawValue: rule.target = "-j RETURN"
        // `NF_DROP` and `NF_ACCEPT` of linux/netfilter.h.
        case 0: rule.target = "-j DROP"
        case 1: rule.target = "-j ACCEPT"
        default: return
        }
    }

    /// Where in the header of IP the destination is: `daddr` of `struct iphdr` and of `struct ipv6hdr`.
    private mutating func readPayload(_ fields: Fields, _ datagram: RawSpan) throws(NetlinkError) {
        let place: (UInt32, UInt32) = family == .v4 ? (16, 4) : (24, 16)
        let base = try fields.number(NFTA_PAYLOAD_BASE.rawValue, datagram)
        let offset = try fields.number(NFTA_PAYLOAD_OFFSET.rawValue, datagram)
        let length = try fields.number(NFTA_PAYLOAD_LEN.rawValue, datagram)
        let isDestination = base == NFT_PAYLOAD_NETWORK_HEADER.rawValue && offset == place.0 && length == place.1
        destination = isDestination ? try fields.number(NFTA_PAYLOAD_DREG.rawValue, datagram) : nil
    }

    private func readComparison(
        _ fields: Fields,
        into rule: inout NFTablesRule,
        _ datagram: RawSpan
    ) throws(NetlinkError) {
        guard let destination, try fields.number(NFTA_CMP_SREG.rawValue, datagram) == destination,
            try fields.number(NFTA_CMP_OP.rawValue, datagram) == NFT_CMP_EQ.rawValue,
            let data = fields.values[Int(NFTA_CMP_DATA.rawValue)],
            let value = try numbered(data, in: datagram)[Int(NFTA_DATA_VALUE.rawValue)]
        else { return }
        rule.destination = try datagram.address(value, family)
    }

    private func numbered(
        _ attribute: NetlinkAttribute,
        in datagram: RawSpan
    ) throws(NetlinkError) -> [Int: NetlinkAttribute] {
        var attributes = attribute.nested
        var values: [Int: NetlinkAttribute] = [:]
        while let next = try attributes.next(in: datagram) { values[next.type] = next }
        return values
    }

    /// The attributes of an expression.
    private struct Fields {
        let values: [Int: NetlinkAttribute]

        func text(_ type: UInt32, _ datagram: RawSpan) -> String? {
            values[Int(type)].map { datagram.string($0) }
        }

        func number(_ type: UInt32, _ datagram: RawSpan) throws(NetlinkError) -> UInt32? {
            guard let attribute = values[Int(type)] else { return nil }
            return UInt32(bigEndian: try datagram.integer(attribute))
        }
    }
}
