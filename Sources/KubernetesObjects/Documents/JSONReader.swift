// SPDX-License-Identifier: GPL-2.0-or-later
/// Reads one JSON value (RFC 8259) into nodes that know their lines.
///
/// A key that a mapping has twice is an error: which of the two was meant, nobody knows.
public struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var depth = 0
    private var values = 0
    private let limits: DocumentLimits

    /// Longer than any number that a program writes; to read digits by the million takes long.
    private static let longestNumber = 400

    private init(_ bytes: [UInt8], _ limits: DocumentLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The value that the UTF-8 text `bytes` holds; `nil` when it holds nothing but white space.
    ///
    /// - Parameter limits: Of depth and values. How long a text may be is up to whoever holds it.
    public static func read(
        _ bytes: [UInt8],
        limits: DocumentLimits = .file
    ) throws(DocumentSyntaxError) -> DocumentNode? {
        var reader = JSONReader(bytes, limits)
        reader.skipWhiteSpace()
        guard reader.position < bytes.count else { return nil }
        let root = try reader.value()
        reader.skipWhiteSpace()
        guard reader.position == bytes.count else { throw reader.failure("found more after the end of the value") }
        return root
    }

    private mutating func value() throws(DocumentSyntaxError) -> DocumentNode {
        let start = line
        guard let first = peek() else { throw failure("the text ends where a value should be") }
        values += 1
        guard values <= limits.values else { throw DocumentSyntaxError(line: line, tooMany: limits) }
        switch first {
        case UInt8(ascii: "{"): return DocumentNode(.mapping(try mapping()), line: start)
        case UInt8(ascii: "["): return DocumentNode(.sequence(try sequence()), line: start)
        case UInt8(ascii: "\""): return DocumentNode(.string(try safeString()), line: start)
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return DocumentNode(try number(), line: start)
        default: throw failure("found \(found()) where a value should be")
        }
    }

    private mutating func mapping() throws(DocumentSyntaxError) -> [DocumentNode.Entry] {
        var entries: [DocumentNode.Entry] = []
        // A linear search is faster for the few keys that nearly every mapping has.
        var manyKeys: Set<String>?
        try open()
        while try !closes(with: "}", isFirst: entries.isEmpty) {
            guard peek() == UInt8(ascii: "\"") else { throw failure("found \(found()) where a key should be") }
            let keyLine = line
            let key = try safeString()
            let isNew: Bool
            if manyKeys == nil, entries.count < 16 {
                isNew = !entries.contains { $0.key == key }
            } else {
                var keys = manyKeys.take() ?? Set(entries.map(\.key))
                isNew = keys.insert(key).inserted
                manyKeys = keys
            }
            guard isNew else {
                throw DocumentSyntaxError(line: keyLine, reason: "the key \(key.quotedForMessage) is there twice")
            }
            skipWhiteSpace()
            guard peek() == UInt8(ascii: ":") else { throw failure("found \(found()) where \":\" should be") }
            position += 1
            skipWhiteSpace()
            entries.append(DocumentNode.Entry(key: key, value: try value()))
        }
        depth -= 1
        return entries
    }

    private mutating func sequence() throws(DocumentSyntaxError) -> [DocumentNode] {
        var elements: [DocumentNode] = []
        try open()
        while try !closes(with: "]", isFirst: elements.isEmpty) {
            elements.append(try value())
        }
        depth -= 1
        return elements
    }

    private mutating func open() throws(DocumentSyntaxError) {
        depth += 1
        guard depth <= limits.depth else { throw DocumentSyntaxError(line: line, tooDeep: limits) }
        position += 1
    }

    /// Whether the mapping or list ends here; if not, goes on to its next member.
    private mutating func closes(
        with end: Unicode.Scalar,
        isFirst: Bool
    ) throws(DocumentSyntaxError) -> Bool {
        skipWhiteSpace()
        if peek() == UInt8(ascii: end) {
            position += 1
            return true
        }
        guard !isFirst else { return false }
        guard peek() == UInt8(ascii: ",") else { throw failure("found \(found()) where \",\" or \"\(end)\" should be") }
        position += 1
        skipWhiteSpace()
        return false
    }

    private mutating func word(
        _ word: StaticString,
        _ value: DocumentNode.Value
    ) throws(DocumentSyntaxError) -> DocumentNode {
        let text = "\(word)".utf8
        guard bytes[position...].starts(with: text) else { throw failure("found \(found()) where a value should be") }
        position += text.count
        return DocumentNode(value, line: line)
    }

    private mutating func number() throws(DocumentSyntaxError) -> DocumentNode.Value {
        let start = position
        var isInteger = true
        if peek() == UInt8(ascii: "-") { position += 1 }
        let hasLeadingZero = peek() == UInt8(ascii: "0")
        let integerDigits = skipDigits()
        var isWellFormed = integerDigits > 0 && !(hasLeadingZero && integerDigits > 1)
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            isWellFormed = skipDigits() > 0 && isWellFormed
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            isWellFormed = skipDigits() > 0 && isWellFormed
        }
        guard position - start <= Self.longestNumber else {
            throw failure("a number of \(position - start) characters")
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard isWellFormed else { throw failure("\(text.quotedForMessage) is not a number") }
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text) else { throw failure("\(text.quotedForMessage) is not a number") }
        return .double(value)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "\n"): line += 1
            default: return
            }
            position += 1
        }
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// The next character in the words of a message.
    private func found() -> String {
        guard position < bytes.count else { return "the end of the text" }
        // A character takes at most four bytes.
        return String(String(decoding: bytes[position...].prefix(4), as: UTF8.self).prefix(1)).quotedForMessage
    }

    private func failure(_ reason: String) -> DocumentSyntaxError {
        DocumentSyntaxError(line: line, reason: reason)
    }
}

// MARK: - Strings

extension JSONReader {
    private mutating func safeString() throws(DocumentSyntaxError) -> String {
        let text = try string()
        guard text.isStreamSafe else { throw DocumentSyntaxError(unsafeStringOn: line) }
        return text
    }

    private mutating func string() throws(DocumentSyntaxError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return String(decoding: bytes[start..<position], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case ..<0x20: throw failure("a control character inside a string")
            default: position += 1
            }
        }
        throw failure("the text ends inside a string")
    }

    /// The rest of a string, from its first escape on.
    private mutating func escapedString(from start: Int) throws(DocumentSyntaxError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
            case ..<0x20: throw failure("a control character inside a string")
            default: text.append(byte)
            }
        }
        throw failure("the text ends inside a string")
    }

    private mutating func escape() throws(DocumentSyntaxError) -> Unicode.Scalar {
        guard let byte = peek() else { throw failure("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("an unknown escape inside a string")
        }
    }

    private mutating func unicodeEscape() throws(DocumentSyntaxError) -> Unicode.Scalar {
        let unit = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // A character outside the basic plane is written as a pair of surrogates.
        guard (0xd800..<0xdc00).contains(unit), bytes[position...].starts(with: "\\u".utf8) else {
            throw failure("half of a surrogate pair inside a string")
        }
        position += 2
        let second = try hexadecimalUnit()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
        else { throw failure("half of a surrogate pair inside a string") }
        return scalar
    }

    private mutating func hexadecimalUnit() throws(DocumentSyntaxError) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        let text = String(decoding: digits, as: UTF8.self)
        // `UInt16(_:radix:)` would take a sign.
        guard digits.count == 4, text.allSatisfy(\.isHexDigit), let unit = UInt16(text, radix: 16) else {
            throw failure("\\u wants four hexadecimal digits")
        }
        position += 4
        return unit
    }
}
