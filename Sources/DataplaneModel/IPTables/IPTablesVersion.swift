// SPDX-License-Identifier: GPL-2.0-or-later
/// The version of the iptables programs.
public struct IPTablesVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var numbers: [Int]
    /// `nil` for programs before 1.8, which are all legacy.
    public var variant: IPTablesVariant?

    /// - Parameter text: what `iptables --version` prints, such as `iptables v1.8.9 (nf_tables)`.
    public init?(_ text: String) {
        let words = text.split { $0 == " " || $0 == "\n" }
        guard let word = words.first(where: { $0.hasPrefix("v") && $0.dropFirst().first?.isNumber == true })
        else { return nil }
        numbers = word.dropFirst().split(separator: ".").map { part in Int(part.prefix { $0.isNumber }) ?? 0 }
        if words.contains("(nf_tables)") {
            variant = .nft
        } else if words.contains("(legacy)") {
            variant = .legacy
        }
    }

    /// Since 1.6.2: `MASQUERADE --random-fully`, and `iptables-restore --wait`.
    public var isAtLeast1_6_2: Bool {
        !numbers.lexicographicallyPrecedes([1, 6, 2])
    }

    public var description: String {
        numbers.map { "\($0)" }.joined(separator: ".")
    }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.numbers.lexicographicallyPrecedes(rhs.numbers)
    }
}
