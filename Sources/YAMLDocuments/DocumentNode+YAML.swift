// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Plain scalars mean what they mean to kubectl, whose YAML is version 1.1 there: `yes`, `no`, `on` and `off` are booleans. A
/// number with a leading zero is a string, as nobody knows whether it is octal.
extension DocumentNode: YAMLTree {
    typealias Node = DocumentNode

    static var takesLastOfEqualKeys: Bool { false }

    static func sequence(_ elements: [DocumentNode], line: Int) -> DocumentNode {
        DocumentNode(.sequence(elements), line: line)
    }

    static func mapping(_ entries: [Entry], line: Int) -> DocumentNode {
        DocumentNode(.mapping(entries), line: line)
    }

    static func entry(_ key: String, line: Int, value: DocumentNode) -> Entry {
        Entry(key: key, value: value)
    }

    static func key(of entry: Entry) -> String { entry.key }

    static func override(_ entry: inout Entry) {}

    static func elements(of node: DocumentNode) -> [DocumentNode]? {
        if case .sequence(let elements) = node.value { elements } else { nil }
    }

    static func entries(of node: DocumentNode) -> [Entry]? {
        if case .mapping(let entries) = node.value { entries } else { nil }
    }

    static func line(of node: DocumentNode) -> Int { node.line }
}

// MARK: - Scalars

extension DocumentNode {
    static func scalar(_ scalar: YAMLScalar, line: Int) throws(DocumentSyntaxError) -> DocumentNode {
        let value: DocumentNode.Value
        switch scalar.tag {
        case nil, "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            value = plainValue(scalar.text)
        case YAMLScalar.stringTag, "!":
            value = .string(scalar.text)
        case let tag?:
            throw DocumentSyntaxError(line: line, reason: "the tag \(tag.quotedForMessage) means nothing here")
        }
        return DocumentNode(value, line: line)
    }

    /// What a scalar without quotes means.
    static func plainValue(_ text: String) -> DocumentNode.Value {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "o"),
            UInt8(ascii: "O"):
            return words[text] ?? .string(text)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return number(text) ?? .string(text)
        default:
            return .string(text)
        }
    }

    private static let words: [String: DocumentNode.Value] = {
        var words: [String: DocumentNode.Value] = ["~": .null]
        let meanings: KeyValuePairs<String, DocumentNode.Value> = [
            "null": .null, "true": .bool(true), "yes": .bool(true), "on": .bool(true),
            "false": .bool(false), "no": .bool(false), "off": .bool(false),
        ]
        for (word, value) in meanings {
            words[word] = value
            words[word.prefix(1).uppercased() + word.dropFirst()] = value
            words[word.uppercased()] = value
        }
        return words
    }()

    /// Longer than any number that somebody wrote by hand or `printf`; to read digits by the million takes long.
    private static let longestNumber = 400

    private static func number(_ text: String) -> DocumentNode.Value? {
        guard text.utf8.count <= longestNumber else { return nil }
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard let first = digits.first else { return nil }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

        if digits.allSatisfy(isDigit) {
            guard first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
            return Int64(text).map { .integer($0) } ?? Double(text).map { .double($0) }
        }
        if first == UInt8(ascii: "0"), digits.dropFirst().first == UInt8(ascii: "x") {
            let isNegative = text.utf8.first == UInt8(ascii: "-")
            guard let magnitude = Int64(Substring(digits.dropFirst(2)), radix: 16), magnitude >= 0 else { return nil }
            return .integer(isNegative ? -magnitude : magnitude)
        }
        // `Double` would take "infinity", "nan" and hexadecimal forms too. An address has more than one dot and is none.
        let isDecimal = digits.allSatisfy { byte in
            isDigit(byte)
                || [
                    UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "-"),
                    UInt8(ascii: "+"),
                ].contains(byte)
        }
        guard isDecimal, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
        return Double(text).map { .double($0) }
    }
}
