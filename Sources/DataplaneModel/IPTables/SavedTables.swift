// SPDX-License-Identifier: GPL-2.0-or-later
/// What a save program printed, table by table: which of them it printed to the end.
public struct SavedTables: Hashable, Sendable {
    /// The lines of each table, from `*TABLE` to `COMMIT`.
    private var whole: [Substring: [Substring]] = [:]
    /// The lines of the tables that broke off.
    private var broken: [Substring: [Substring]] = [:]
    /// The tables that `iptables-nft-save` leaves out because `nft` was used to put something in them that iptables does not know.
    public private(set) var leftOut: Set<String> = []

    public init(_ output: String) {
        var table: Substring?
        var lines: [Substring] = []
        for line in output.split(separator: "\n") {
            if line.hasPrefix("*") {
                if let table { broken[table] = lines }
                (table, lines) = (line.dropFirst(), [line])
            } else if let name = table, line == "COMMIT" {
                whole[name] = lines + [line]
                table = nil
            } else if table != nil, line.hasPrefix(":") || line.hasPrefix("-") {
                // Warnings may come in between where a wrapper mixes both outputs.
                lines.append(line)
            } else if let left = Self.tableLeftOut(line) {
                leftOut.insert(left)
            }
        }
        if let table { broken[table] = lines }
    }

    /// The tables that the program did not print to the end, or left out with a word.
    public var unprinted: Set<String> { leftOut.union(broken.keys.map(String.init)) }

    public func isWhole(_ table: String) -> Bool { whole[table[...]] != nil }

    /// The tables that were printed to the end, as they were printed.
    public var text: String {
        whole.sorted { $0.key < $1.key }.map { $0.value.joined(separator: "\n") + "\n" }.joined()
    }

    /// Rules of a table that broke off, of other chains than our jumps and rules are in.
    func foreignRules(ofBroken table: RuleTable) -> [Substring] {
        let origins = Set(ServiceJump.all.map(\.origin))
        return broken[table.rawValue[...], default: []].filter { line in
            guard line.hasPrefix("-A ") else { return false }
            let chain = line.dropFirst(3).prefix { $0 != " " }
            return !origins.contains(String(chain)) && ServiceChain(chain, in: table) == nil
        }
    }

    /// Such as "# Table `nat' is incompatible, use 'nft' tool."
    private static func tableLeftOut(_ line: Substring) -> String? {
        let start = "# Table `"
        guard line.hasPrefix(start) else { return nil }
        let parts = line.dropFirst(start.count).split(separator: "'", maxSplits: 1)
        guard parts.count == 2, parts[1].hasPrefix(" is incompatible") else { return nil }
        return String(parts[0])
    }
}

/// A table that is read chain by chain, because it cannot be printed as a whole.
public struct TableParts: Hashable, Sendable {
    public let table: RuleTable
    private var chains: [String] = []
    private var rules: [String] = []

    public init(_ table: RuleTable, after saved: SavedTables = SavedTables("")) {
        self.table = table
        rules = saved.foreignRules(ofBroken: table).map(String.init)
    }

    /// The chains of others that our jumps are in.
    public static func origins(of table: RuleTable) -> [String] {
        var origins: [String] = []
        for jump in ServiceJump.all where jump.table == table && !origins.contains(jump.origin) {
            origins.append(jump.origin)
        }
        return origins
    }

    /// Adds what `iptables -S CHAIN` printed of a chain of ours.
    ///
    /// - Parameters:
    ///   - isThere: whether the kernel has it; `nil` where only the program can tell.
    ///   - isWhole: whether the program printed it to the end. If not, the chain counts as one that differs.
    public mutating func add(_ chain: ServiceChain, printed: String, isThere: Bool? = nil, isWhole: Bool) {
        let lines = printed.split(separator: "\n")
        guard isThere ?? lines.contains(where: { $0 == "-N \(chain.name)" }) else { return }
        chains.append(":\(chain.name) - [0:0]")
        rules += lines.filter { $0.hasPrefix("-A \(chain.name) ") }.map(String.init)
        if !isWhole { addUnread(chain.name) }
    }

    /// Adds the rules of a chain of others, as printed.
    public mutating func add(rules lines: some Sequence<String>) {
        rules += lines
    }

    /// Adds a rule of which nothing is known.
    public mutating func addUnread(_ chain: String) {
        rules.append("-A \(chain) -m unread")
    }

    /// As `iptables-save` has it.
    public var text: String {
        (["*\(table.rawValue)"] + chains + rules + ["COMMIT", ""]).joined(separator: "\n")
    }
}
