// SPDX-License-Identifier: GPL-2.0-or-later
/// The policies of the built-in chains, as `iptables-save` prints them for one family and variant.
struct ListedPolicies {
    private var dropping: [Substring: Set<Substring>] = [:]

    init(_ listing: String) {
        var table: Substring = ""
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("*") {
                table = line.dropFirst()
            } else if line.hasPrefix(":") {
                // `:INPUT DROP [0:0]`; a chain that somebody made has `-` for its policy.
                let words = line.dropFirst().split(separator: " ")
                if words.count > 1, words[1] == "DROP" { dropping[table, default: []].insert(words[0]) }
            }
        }
    }

    /// The chains whose policy is to drop, each with its table, such as `filter INPUT`; in order.
    ///
    /// - Parameter chains: those of `filter` that count. Of other tables all do.
    func dropping(amongFilter chains: Set<Substring>) -> [String] {
        dropping.flatMap { table, names in
            (table == "filter" ? names.intersection(chains) : names).map { "\(table) \($0)" }
        }.sorted()
    }
}
