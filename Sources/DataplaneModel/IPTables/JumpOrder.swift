// SPDX-License-Identifier: GPL-2.0-or-later
/// A rule of others that stands before one of our jumps, and takes packets to virtual IPs before the jump sees them.
public struct PrecedingRule: Hashable, Sendable, CustomStringConvertible {
    /// The jump of ours that is behind it.
    public var jump: ServiceJump
    /// As printed, without `-A CHAIN`.
    public var rule: String
    /// Where its packets end, through the chains in between, such as `CNI-HOSTPORT-DNAT`, `CNI-DN-1`, `DNAT`.
    public var path: [String]

    /// Such as `nat PREROUTING: -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT (CNI-HOSTPORT-DNAT → DNAT)`.
    public var description: String {
        let way = path.count > 1 ? " (\(path.joined(separator: " → ")))" : ""
        return "\(jump.table.rawValue) \(jump.origin): \(rule)\(way)"
    }
}

/// Which rules of others stand before those of our jumps that have to come first: `KUBE-SERVICES` in nat PREROUTING and OUTPUT.
///
/// `KUBE-SERVICES` ends with ACCEPT for what goes to a Service. A rule behind it never sees that, and one before it
/// does. All virtual IPs are the node's own for the kernel, so a DNAT of a host port takes that port of every Service.
///
/// A rule counts when it, or a chain that it leads to, can end the way of a packet: by another destination or by
/// leaving the table. It does not count when it names its destination (`-d ADDRESS`, `--match-set SET dst`): then it is
/// meant for just that.
public struct JumpOrder: Hashable, Sendable {
    /// In the order in which packets meet them; jumps without any are not in it. At most `limit` for each jump.
    public private(set) var preceding: [ServiceJump: [PrecedingRule]] = [:]

    /// Rules of others that are kept for one jump.
    public static let limit = 8

    /// Those of our jumps that nothing else may come before.
    public static let jumps = ServiceJump.all.filter { $0.target == .services }

    /// - Parameter listing: of `iptables-save`, or `ip6tables-save`; may hold other tables too.
    public init(_ listing: String) {
        let rules = Self.rules(in: listing)
        var chains = NatChains(rules)
        for jump in Self.jumps {
            var first: [PrecedingRule] = []
            for rule in Self.ahead(of: jump, rules) where first.count < Self.limit {
                guard let path = chains.path(of: rule, depth: 0) else { continue }
                first.append(PrecedingRule(jump: jump, rule: rule.text, path: path))
            }
            if !first.isEmpty { preceding[jump] = first }
        }
    }

    public var isEmpty: Bool { preceding.isEmpty }

    /// All rules of the table nat, in order.
    private static func rules(in listing: String) -> [ArraySlice<UInt8>] {
        var isNat = false
        var rules: [ArraySlice<UInt8>] = []
        for line in Array(listing.utf8).split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "*") {
                isNat = line.elementsEqual("*\(RuleTable.nat.rawValue)".utf8)
            } else if isNat, line.starts(with: "-A ".utf8) {
                rules.append(line)
            }
        }
        return rules
    }

    /// The rules before our first jump; none when the jump is not there, for it is inserted at the head then.
    private static func ahead(of jump: ServiceJump, _ rules: [ArraySlice<UInt8>]) -> [NatRule] {
        let prefix = "-A \(jump.origin) ".utf8
        var ahead: [NatRule] = []
        for line in rules where line.starts(with: prefix) {
            let rule = NatRule(line)
            if jump.matches(rule.words) { return ahead }
            ahead.append(rule)
        }
        return []
    }
}

/// One rule of the table nat.
private struct NatRule {
    /// Without `-A CHAIN`.
    var text: String
    var words: [String]

    /// - Parameter line: begins with `-A CHAIN `.
    init(_ line: ArraySlice<UInt8>) {
        let chain = line.dropFirst(3).prefix { $0 != UInt8(ascii: " ") }
        text = String(decoding: line[chain.endIndex...].dropFirst(), as: UTF8.self)
        words = RuleWords(text).words
    }

    /// `-j` or `-g`, and what follows it; `nil` for a rule that only counts.
    var target: (option: String, name: String)? {
        guard let index = words.lastIndex(where: { $0 == "-j" || $0 == "-g" }), index + 1 < words.count
        else { return nil }
        return (words[index], words[index + 1])
    }

    /// Whether the rule is for one address, or for those of a set.
    var namesDestination: Bool {
        for (index, word) in words.enumerated() where index == 0 || words[index - 1] != "!" {
            switch word {
            case "-d" where index + 1 < words.count:
                let parts = words[index + 1].split(separator: "/")
                if parts.count == 1 || parts[1] == (parts[0].contains(":") ? "128" : "32") { return true }
            case "--match-set" where index + 2 < words.count && words[index + 2].hasPrefix("dst"):
                return true
            default:
                continue
            }
        }
        return false
    }
}

/// The chains of the table nat, as far as they were asked for.
private struct NatChains {
    /// nf_tables and ip_tables refuse deeper ones (`NFT_JUMP_STACK_SIZE`), or loops.
    private static let maximumDepth = 16
    /// What ends a packet's way through the table, beside a return from a built-in chain. SNAT and MASQUERADE are for chains in
    /// which we have no say.
    private static let ends: Set<String> = ["ACCEPT", "DNAT", "DROP", "NETMAP", "NFQUEUE", "QUEUE", "REDIRECT"]

    private let lines: [ArraySlice<UInt8>]
    /// Where in `lines` each chain's rules are. Made when first needed, for there may be a hundred thousand.
    private lazy var index = Dictionary(grouping: lines.indices) { Self.chain(of: lines[$0]) }
    /// Each chain's first way to an end, once it has been looked for; `nil` where there is none.
    private var known: [Substring: [String]?] = [:]

    init(_ lines: [ArraySlice<UInt8>]) {
        self.lines = lines
    }

    /// How a rule ends the way of packets to addresses that it does not name; `nil` when it does not.
    ///
    /// - Parameter depth: 0 in a built-in chain, from which a return, and a `-g`, leave the table.
    mutating func path(of rule: NatRule, depth: Int) -> [String]? {
        guard let target = rule.target, !rule.namesDestination else { return nil }
        if Self.ends.contains(target.name) { return [target.name] }
        if depth == 0, target.name == "RETURN" || target.option == "-g" { return [target.name] }
        guard depth < Self.maximumDepth, let path = way(out: target.name[...], depth: depth + 1) else { return nil }
        return [target.name] + path
    }

    private mutating func way(out chain: Substring, depth: Int) -> [String]? {
        if let known = known[chain] { return known }
        // A way that comes back to this chain finds nothing new.
        known[chain] = .some(nil)
        for line in index[chain] ?? [] {
            if let path = path(of: NatRule(lines[line]), depth: depth) {
                known[chain] = path
                return path
            }
        }
        return nil
    }

    private static func chain(of line: ArraySlice<UInt8>) -> Substring {
        Substring(decoding: line.dropFirst(3).prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
    }
}
