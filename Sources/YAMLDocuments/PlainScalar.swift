// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// What a scalar without quotes means, for every reader of YAML here: the YAML 1.1 of `sigs.k8s.io/yaml`, by which kubectl and
/// kube-proxy read theirs (`resolve` in its `goyaml.v2/resolve.go`).
///
/// `y` and `n` are booleans there, a number with a leading zero is octal where it can be, and underscores part digits. A date stays
/// text, and so do numbers to the base of 60.
public enum PlainScalar {
    /// What the text means.
    public static func value(of text: String) -> DocumentNode.Value {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return number(text) ?? .string(text)
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "o"),
            UInt8(ascii: "O"):
            return words[text] ?? .string(text)
        default:
            return .string(text)
        }
    }

    private static let words: [String: DocumentNode.Value] = {
        var words: [String: DocumentNode.Value] = ["~": .null]
        let meanings: KeyValuePairs<String, DocumentNode.Value> = [
            "null": .null, "true": .bool(true), "yes": .bool(true), "y": .bool(true), "on": .bool(true),
            "false": .bool(false), "no": .bool(false), "n": .bool(false), "off": .bool(false),
        ]
        for (word, value) in meanings {
            words[word] = value
            words[word.prefix(1).uppercased() + word.dropFirst()] = value
            words[word.uppercased()] = value
        }
        return words
    }()

    private static let special: [String: Double] = [
        ".inf": .infinity, ".Inf": .infinity, ".INF": .infinity, "+.inf": .infinity, "+.Inf": .infinity,
        "+.INF": .infinity, "-.inf": -.infinity, "-.Inf": -.infinity, "-.INF": -.infinity, ".nan": .nan, ".NaN": .nan,
        ".NAN": .nan,
    ]

    /// Longer than any number that somebody wrote by hand or `printf`; to read digits by the million takes long.
    private static let longestNumber = 400

    private static func number(_ text: String) -> DocumentNode.Value? {
        guard text.utf8.count <= longestNumber else { return nil }
        if let value = special[text] { return .double(value) }
        // A fraction that begins with its point has no underscores.
        let isFraction = text.utf8.first == UInt8(ascii: ".")
        let plain = isFraction || !text.utf8.contains(UInt8(ascii: "_")) ? text : text.filter { $0 != "_" }
        if !isFraction, let integer = integer(plain) { return integer }
        guard isDecimal(plain.utf8), let value = Double(plain), value.isFinite else { return nil }
        return .double(value)
    }

    /// As Go's `ParseInt` and `ParseUint` with base 0: decimal, or with `0x`, `0o`, `0b` or `0` before it. Those of 64 bits without a
    /// sign that fit no `Int64` are as close as a `Double` gets.
    private static func integer(_ text: String) -> DocumentNode.Value? {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        let hasSign = isNegative || digits.first == UInt8(ascii: "+")
        if hasSign { digits = digits.dropFirst() }
        var radix = 10
        if digits.first == UInt8(ascii: "0"), digits.count > 1 {
            digits = digits.dropFirst()
            switch digits.first {
            case UInt8(ascii: "x"), UInt8(ascii: "X"): radix = 16
            case UInt8(ascii: "b"), UInt8(ascii: "B"): radix = 2
            case UInt8(ascii: "o"), UInt8(ascii: "O"): radix = 8
            default: radix = 0
            }
            if radix == 0 { radix = 8 } else { digits = digits.dropFirst() }
        }
        // `UInt64(_:radix:)` would take a sign.
        guard let first = digits.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+"),
            let magnitude = UInt64(Substring(digits), radix: radix)
        else { return nil }
        if let value = Int64(exactly: magnitude) { return .integer(isNegative ? -value : value) }
        if isNegative { return magnitude == Int64.min.magnitude ? .integer(.min) : nil }
        return hasSign ? nil : .double(Double(magnitude))
    }

    /// Digits, perhaps with a point, perhaps with an exponent. `Double` would take "infinity", "nan" and hexadecimal forms too, and an
    /// address has more than one point and is none.
    private static func isDecimal(_ text: String.UTF8View) -> Bool {
        text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
                UInt8(ascii: "-"), UInt8(ascii: "+"):
                true
            default: false
            }
        }
    }
}
