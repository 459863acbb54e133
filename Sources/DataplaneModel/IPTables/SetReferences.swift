// SPDX-License-Identifier: GPL-2.0-or-later
/// The rules of a listing of `iptables-save` (`ip6tables-save`) that refer to one set.
public struct SetReferences: Hashable, Sendable {
    private let set: String
    /// All rules of those of our chains that refer to it.
    private var chains: [ServiceChain: [String]]
    /// A rule that is not in a chain of ours and refers to it, as printed with its chain.
    public private(set) var foreignRule: String?

    public init(to set: String, in listing: String) {
        self.set = set
        chains = InstalledRules(listing).chains.filter { $0.value.contains { Self.refers($0, to: set) } }
        var table: RuleTable?
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("*") { table = RuleTable(rawValue: String(line.dropFirst())) }
            guard foreignRule == nil, line.hasPrefix("-A "), Self.refers(line, to: set) else { continue }
            let chain = line.dropFirst("-A ".count).prefix { $0 != " " }
            if table.flatMap({ ServiceChain(chain, in: $0) }) == nil { foreignRule = String(line) }
        }
    }

    /// How many rules of ours refer to it.
    public var count: Int {
        chains.values.reduce(0) { $0 + $1.count { Self.refers($0, to: set) } }
    }

    /// What to give to `iptables-restore --noflush` so that those rules, and nothing else, refer to another set: in one
    /// transaction for each table. With the set's own name it puts them back. `nil` when there are none.
    public func restoreInput(referringTo name: String) -> String? {
        let tables = RuleTable.allCases.compactMap { table -> String? in
            let changed = ServiceChain.allCases.filter { $0.table == table && chains[$0] != nil }
            guard !changed.isEmpty else { return nil }
            let rules = changed.flatMap { chain in
                chains[chain, default: []].map { rule in
                    "-A \(chain.name) \(Self.rule(rule, Self.match(set), Self.match(name)))"
                }
            }
            return (["*\(table.rawValue)"] + changed.map { ":\($0.name) - [0:0]" } + rules + ["COMMIT", ""])
                .joined(separator: "\n")
        }
        return tables.isEmpty ? nil : tables.joined()
    }

    private static func match(_ set: String) -> String { " --match-set \(set) " }

    private static func rule(_ rule: String, _ match: String, _ other: String) -> String {
        var parts: [Substring] = []
        var rest = rule[...]
        while let range = rest.firstRange(of: match) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return (parts + [rest]).joined(separator: other)
    }

    /// As a match or, in rules of others, a target: `--match-set`, `--add-set`, `--del-set`, `--map-set`.
    private static func refers(_ rule: some StringProtocol, to set: String) -> Bool {
        rule.contains("-set \(set) ")
    }
}
