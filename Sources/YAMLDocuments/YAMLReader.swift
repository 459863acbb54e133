public import KubernetesObjects
import Yams

/// Reads YAML documents into nodes that know their lines.
///
/// Plain scalars mean what they mean to kubectl, whose YAML is version 1.1 there: `yes`, `no`, `on` and `off` are
/// booleans. A number with a leading zero is a string, as nobody knows whether it is octal.
public struct YAMLReader {
    /// How many nodes a text may grow to by its aliases. A thousand Services with their slices have some 100,000.
    static let mostAliasedNodes = 1_000_000

    private var aliasedNodes = 0
    private let parser: Parser

    private init(_ parser: Parser) {
        self.parser = parser
    }

    /// The documents that the text holds, in their order. Empty documents are left out.
    public static func read(_ text: String) throws(DocumentSyntaxError) -> [DocumentNode] {
        do {
            // The default resolver runs seven regular expressions over each scalar; `value(of:)` needs none.
            var reader = YAMLReader(try Parser(yaml: text, resolver: .basic, encoding: .utf8))
            var documents: [DocumentNode] = []
            while let root = try reader.parser.nextRoot() {
                let document = try reader.node(root)
                if document.value != .null { documents.append(document) }
            }
            return documents
        } catch let error as YamlError {
            throw DocumentSyntaxError(error)
        } catch let error as DocumentSyntaxError {
            throw error
        } catch {
            throw DocumentSyntaxError(line: 1, reason: "\(error)")
        }
    }

    private mutating func node(_ node: Yams.Node, insideAlias: Bool = false) throws(DocumentSyntaxError) -> DocumentNode
    {
        let line = node.mark?.line ?? 1
        // The parser puts the anchored node itself where its alias stands, so the two look the same: whatever is below an
        // anchor counts.
        let insideAlias = insideAlias || node.anchor != nil
        if insideAlias {
            aliasedNodes += 1
            guard aliasedNodes <= Self.mostAliasedNodes else {
                throw DocumentSyntaxError(
                    line: line,
                    reason: "aliases expand to more than \(Self.mostAliasedNodes) nodes"
                )
            }
        }
        switch node {
        case .scalar(let scalar):
            return DocumentNode(try Self.value(of: scalar, line: line), line: line)
        case .sequence(let sequence):
            var elements: [DocumentNode] = []
            elements.reserveCapacity(sequence.count)
            for element in sequence {
                elements.append(try self.node(element, insideAlias: insideAlias))
            }
            return DocumentNode(.sequence(elements), line: line)
        case .mapping(let mapping):
            return DocumentNode(.mapping(try entries(of: mapping, insideAlias: insideAlias)), line: line)
        case .alias:
            throw DocumentSyntaxError(line: line, reason: "an alias that could not be followed")
        }
    }

    private mutating func entries(
        of mapping: Yams.Node.Mapping,
        insideAlias: Bool
    ) throws(DocumentSyntaxError) -> [DocumentNode.Entry] {
        var entries: [DocumentNode.Entry] = []
        entries.reserveCapacity(mapping.count)
        var merged: [DocumentNode] = []
        for (key, value) in mapping {
            guard case .scalar(let key) = key else {
                throw DocumentSyntaxError(line: key.mark?.line ?? 1, reason: "a key that is no scalar")
            }
            let value = try node(value, insideAlias: insideAlias)
            if key.string == "<<", key.style == .plain {
                merged.append(value)
            } else {
                entries.append(DocumentNode.Entry(key: key.string, value: value))
            }
        }
        for value in merged {
            try merge(value, into: &entries)
        }
        return entries
    }

    /// The merge key `<<` (YAML 1.1): the keys of another mapping, or of several, where the mapping has none of its own.
    private func merge(
        _ value: DocumentNode,
        into entries: inout [DocumentNode.Entry]
    ) throws(DocumentSyntaxError) {
        switch value.value {
        case .mapping(let others):
            for other in others where !entries.contains(where: { $0.key == other.key }) {
                entries.append(other)
            }
        case .sequence(let values):
            for value in values {
                guard case .mapping = value.value else {
                    throw DocumentSyntaxError(line: value.line, reason: "\"<<\" wants mappings")
                }
                try merge(value, into: &entries)
            }
        default:
            throw DocumentSyntaxError(line: value.line, reason: "\"<<\" wants a mapping")
        }
    }
}

// MARK: - Scalars

extension YAMLReader {
    private static func value(
        of scalar: Yams.Node.Scalar,
        line: Int
    ) throws(DocumentSyntaxError) -> DocumentNode.Value {
        switch scalar.tag.rawValue {
        case Tag.Name.implicit.rawValue:
            return plainValue(scalar.string)
        case Tag.Name.str.rawValue, Tag.Name.nonSpecific.rawValue:
            return .string(scalar.string)
        case Tag.Name.int.rawValue, Tag.Name.float.rawValue, Tag.Name.bool.rawValue, Tag.Name.null.rawValue:
            return plainValue(scalar.string)
        default:
            throw DocumentSyntaxError(line: line, reason: "the tag \(scalar.tag.rawValue) means nothing here")
        }
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

    private static func number(_ text: String) -> DocumentNode.Value? {
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

extension DocumentSyntaxError {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let setting = context.map { "\($0.text) " } ?? ""
            self.init(line: mark.line, reason: setting + problem)
        case .reader(let problem, let offset, let value, let text):
            let before = text.prefix(offset ?? 0)
            let code = value < 0 ? "" : " (character number \(value))"
            self.init(line: before.count { $0.isNewline } + 1, reason: problem + code)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            self.init(line: context.mark.line, reason: "the same mapping has more than one \(keys)")
        case .memory:
            self.init(line: 1, reason: "out of memory")
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            self.init(line: 1, reason: "\(error)")
        }
    }
}
