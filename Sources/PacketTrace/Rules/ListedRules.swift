// SPDX-License-Identifier: GPL-2.0-or-later

/// The rules that `iptables-save` printed, chain by chain.
public struct ListedRules: Sendable {
    /// A table of iptables.
    public enum Table: String, CaseIterable, Hashable, Sendable {
        case raw
        case mangle
        case nat
        case filter
        case security
    }

    struct ChainName: Hashable, Sendable {
        var table: Table
        var name: Substring
    }

    private var rules: [ChainName: [Substring]] = [:]
    /// Of built-in chains; those of others have none.
    private var policies: [ChainName: Substring] = [:]

    /// - Parameter listing: of `iptables-save`, or `ip6tables-save`, with any tables.
    public init(_ listing: String) {
        var table: Table?
        // By bytes: there may be a hundred thousand rules of others.
        for line in listing.utf8.split(separator: UInt8(ascii: "\n")) {
            let text = Substring(line)
            switch line.first {
            case UInt8(ascii: "*"): table = Table(rawValue: String(text.dropFirst()))
            case UInt8(ascii: ":"): readChain(text.dropFirst(), in: table)
            case UInt8(ascii: "-"): readRule(text, in: table)
            default: continue
            }
        }
    }

    private mutating func readChain(_ text: Substring, in table: Table?) {
        guard let table else { return }
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count >= 2 else { return }
        let chain = ChainName(table: table, name: words[0])
        rules[chain] = rules[chain] ?? []
        if words[1] != "-" { policies[chain] = words[1] }
    }

    private mutating func readRule(_ line: Substring, in table: Table?) {
        guard let table, line.utf8.starts(with: "-A ".utf8) else { return }
        let rest = line.utf8.dropFirst(3)
        guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else { return }
        rules[ChainName(table: table, name: Substring(rest[..<space])), default: []]
            .append(Substring(rest[space...].dropFirst()))
    }

    /// The rules of a chain in order, without `-A CHAIN`; `nil` when there is no such chain.
    func rules(of chain: ChainName) -> [Substring]? { rules[chain] }

    func policy(of chain: ChainName) -> Substring? { policies[chain] }
}
