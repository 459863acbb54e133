// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A rule of nf_tables as far as it has to be understood where iptables cannot print it: whose it is, and where it leads.
///
/// As a line it looks like one of iptables, but for one match that iptables does not have: `-m handle --handle N`, the
/// kernel's name for it. `NFTablesRemoval` finds that again in what is to be removed.
public struct NFTablesRule: Hashable, Sendable {
    public var chain: String
    /// Never used twice in a table.
    public var handle: UInt64
    public var comment: String?
    /// The one address that it is for, if that is what it says.
    public var destination: IPAddress?
    /// Whether it is for addresses of a set.
    public var hasDestinationSet = false
    /// `-j` or `-g`, and the chain or target, such as `-j DNAT`; `nil` where it has none or none that is known.
    public var target: String?

    /// A match that iptables does not have.
    static let handleMatch = "-m handle --handle"

    public init(chain: String, handle: UInt64) {
        self.chain = chain
        self.handle = handle
    }

    /// As in a listing of `iptables-save`.
    public var line: String {
        var words = ["-A \(chain) \(Self.handleMatch) \(handle)"]
        if let destination { words.append("-d \(IPPrefix(host: destination))") }
        if hasDestinationSet { words.append("-m set --match-set unknown dst") }
        if let comment { words.append(RuleText.comment(comment)) }
        if let target { words.append(target) }
        return words.joined(separator: " ")
    }
}

/// What an input for `iptables-restore` asks to be removed by handle, which only the kernel can do.
public struct NFTablesRemoval: Hashable, Sendable {
    public struct Rule: Hashable, Sendable {
        public var table: String
        public var chain: String
        public var handle: UInt64

        public init(table: String, chain: String, handle: UInt64) {
            (self.table, self.chain, self.handle) = (table, chain, handle)
        }
    }

    public var rules: [Rule] = []
    /// The rest, for the program; `nil` when nothing is left.
    public var input: String?
    /// Whether the program can do its part only after the rules are gone: a chain that a rule leads to cannot be
    /// deleted.
    public var comesFirst = false

    public init(_ input: String) {
        var table = ""
        var lines: [Substring] = []
        var hasMore = false
        for line in input.split(separator: "\n") {
            if line.hasPrefix("*") { table = String(line.dropFirst()) }
            if let rule = Self.rule(line, table) {
                rules.append(rule)
                continue
            }
            lines.append(line)
            hasMore = hasMore || (!line.hasPrefix("*") && line != "COMMIT")
            comesFirst = comesFirst || line.hasPrefix("-X ")
        }
        if rules.isEmpty {
            self.input = input
        } else if hasMore {
            self.input = lines.joined(separator: "\n") + "\n"
        }
    }

    private static func rule(_ line: Substring, _ table: String) -> Rule? {
        let words = line.split(separator: " ", maxSplits: 6)
        guard words.count >= 6, words[0] == "-D",
            words[2...4].joined(separator: " ") == NFTablesRule.handleMatch, let handle = UInt64(words[5])
        else { return nil }
        return Rule(table: table, chain: String(words[1]), handle: handle)
    }
}
