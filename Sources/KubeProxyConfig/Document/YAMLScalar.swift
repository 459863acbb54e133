// SPDX-License-Identifier: GPL-2.0-or-later
/// What a scalar without quotes means in the YAML 1.1 that Kubernetes reads.
enum YAMLScalar {
    private static let words: [(word: String, value: Bool)] = [
        ("y", true), ("yes", true), ("true", true), ("on", true),
        ("n", false), ("no", false), ("false", false), ("off", false),
    ]

    private static func forms(of word: String) -> [String] {
        [word, word.prefix(1).uppercased() + word.dropFirst(), word.uppercased()]
    }

    static func isNull(_ text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }

    static func bool(_ text: String) -> Bool? {
        words.first { forms(of: $0.word).contains(text) }?.value
    }

    /// A whole number: decimal, with a base (`0x`, `0o`, `0b`), or octal after a zero. Underscores may part digits.
    static func integer(_ text: String) -> Int64? {
        var digits = text.filter { $0 != "_" }[...]
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") {
            digits = digits.dropFirst()
        }
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        var radix = 10
        if digits.count > 1, first == UInt8(ascii: "0") {
            digits = digits.dropFirst()
            switch digits.first {
            case "x", "X": radix = 16
            case "b", "B": radix = 2
            case "o", "O": radix = 8
            default: radix = 0
            }
            if radix == 0 {
                radix = 8
            } else {
                digits = digits.dropFirst()
            }
        }
        guard digits.utf8.first != UInt8(ascii: "-"), digits.utf8.first != UInt8(ascii: "+") else { return nil }
        return Int64((isNegative ? "-" : "") + digits, radix: radix)
    }

    /// A number with or without a fraction.
    static func number(_ text: String) -> Double? {
        if let integer = integer(text) { return Double(integer) }
        let text = text.filter { $0 != "_" }
        let isDecimal = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        return isDecimal ? Double(text) : nil
    }

    /// Whether the bare text is read as something else than a string: nothing, a boolean, a number, a merge key, a date, or a
    /// number to the base of 60.
    static func isNoString(_ text: String) -> Bool {
        isNull(text) || bool(text) != nil || text == "<<" || number(text) != nil || isSpecialNumber(text)
            || isSexagesimal(text) || isDate(text)
    }

    private static func isSpecialNumber(_ text: String) -> Bool {
        let name = text.drop { $0 == "+" || $0 == "-" }
        return [".nan", ".NaN", ".NAN"].contains(text)
            || (text.count - name.count <= 1 && [".inf", ".Inf", ".INF"].contains(name))
    }

    /// Such as `20:30`, which an address with a port is not, unless it is short.
    private static func isSexagesimal(_ text: String) -> Bool {
        let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let parts = unsigned.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first?.utf8.first, isDigit(first) else { return false }
        return parts.dropFirst().allSatisfy { part in
            let whole = part.prefix { $0 != "." }
            return (1...2).contains(whole.count) && whole.utf8.allSatisfy(isDigit) && (Int(whole) ?? 60) < 60
        }
    }

    private static func isDate(_ text: String) -> Bool {
        let day = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false)
        return day.map(\.count) == [4, 2, 2] && day.allSatisfy { $0.utf8.allSatisfy(isDigit) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
