// SPDX-License-Identifier: GPL-2.0-or-later
/// Reads one JSON value (RFC 8259) into nodes that know their lines.
///
/// A key that a mapping has twice is an error: which of the two was meant, nobody knows.
public struct JSONReader {
    let bytes: [UInt8]
    var position = 0
    private(set) var line = 1
    private var depth = 0
    private var values = 0
    /// What was handed over and is no longer held.
    private var released = Mark()
    /// How many bytes may be held. No limit for a text that is read whole.
    private let longest: Int
    private let limits: DocumentLimits

    /// Longer than any number that a program writes; to read digits by the million takes long.
    private static let longestNumber = 400

    private init(_ bytes: [UInt8], _ limits: DocumentLimits, longest: Int = .max) {
        self.bytes = bytes
        self.limits = limits
        self.longest = longest
    }

    /// A reader for a text that is handed over in parts.
    init(parts bytes: [UInt8], _ limits: DocumentLimits) {
        self.init(bytes, limits, longest: limits.bytes)
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
        try reader.endText()
        return root
    }

    /// Goes to the first value of a text that nobody has looked at.
    mutating func startText() throws(DocumentSyntaxError) {
        position = try DocumentText.start(of: bytes)
        try DocumentText.validate(bytes.span, line: 1)
        skipWhiteSpace()
    }

    mutating func endText() throws(DocumentSyntaxError) {
        skipWhiteSpace()
        guard position == bytes.count else { throw failure("found more after the end of the value") }
    }

    mutating func value() throws(DocumentSyntaxError) -> DocumentNode {
        let start = line
        guard let first = peek() else { throw failure("the text ends where a value should be") }
        try checkLength()
        values += 1
        guard values - released.values <= limits.values else {
            throw DocumentSyntaxError(line: line, tooMany: limits.values)
        }
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

    /// The entries of a mapping while it is read.
    struct Entries {
        private(set) var all: [DocumentNode.Entry] = []
        // A linear search is faster for the few keys that nearly every mapping has.
        private var manyKeys: Set<String>?

        mutating func isNew(_ key: String) -> Bool {
            if manyKeys == nil, all.count < 16 { return !all.contains { $0.key == key } }
            var keys = manyKeys.take() ?? Set(all.map(\.key))
            defer { manyKeys = keys }
            return keys.insert(key).inserted
        }

        mutating func append(_ key: String, _ value: DocumentNode) {
            all.append(DocumentNode.Entry(key: key, value: value))
        }
    }

    private mutating func mapping() throws(DocumentSyntaxError) -> [DocumentNode.Entry] {
        var entries = Entries()
        try open()
        while let key = try nextKey(&entries) {
            entries.append(key, try value())
        }
        return entries.all
    }

    /// The next key of a mapping, with the reader before its value; `nil` when the mapping has ended.
    mutating func nextKey(_ entries: inout Entries) throws(DocumentSyntaxError) -> String? {
        guard try !closes(with: "}", isFirst: entries.all.isEmpty) else { return nil }
        guard peek() == UInt8(ascii: "\"") else { throw failure("found \(found()) where a key should be") }
        let keyLine = line
        let key = try safeString()
        guard entries.isNew(key) else {
            throw DocumentSyntaxError(line: keyLine, reason: "the key \(key.quotedForMessage) is there twice")
        }
        skipWhiteSpace()
        guard peek() == UInt8(ascii: ":") else { throw failure("found \(found()) where \":\" should be") }
        position += 1
        skipWhiteSpace()
        return key
    }

    private mutating func sequence() throws(DocumentSyntaxError) -> [DocumentNode] {
        var elements: [DocumentNode] = []
        try open()
        while try !closes(with: "]", isFirst: elements.isEmpty) {
            elements.append(try value())
        }
        return elements
    }

    /// Takes the bracket that a mapping or list begins with.
    mutating func open() throws(DocumentSyntaxError) {
        depth += 1
        guard depth <= limits.depth else { throw DocumentSyntaxError(line: line, tooDeep: limits) }
        position += 1
    }

    /// Whether the mapping or list ends here; if not, goes on to its next member.
    mutating func closes(
        with end: Unicode.Scalar,
        isFirst: Bool
    ) throws(DocumentSyntaxError) -> Bool {
        skipWhiteSpace()
        if peek() == UInt8(ascii: end) {
            position += 1
            depth -= 1
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

    mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "\n"): line += 1
            default: return
            }
            position += 1
        }
    }

    func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// The next character in the words of a message.
    private func found() -> String {
        guard position < bytes.count else { return "the end of the text" }
        // A character takes at most four bytes.
        return String(String(decoding: bytes[position...].prefix(4), as: UTF8.self).prefix(1)).quotedForMessage
    }

    func failure(_ reason: String) -> DocumentSyntaxError {
        DocumentSyntaxError(line: line, reason: reason)
    }
}

// MARK: - Parts

extension JSONReader {
    /// A place in the text.
    struct Mark {
        var position = 0
        var values = 0
    }

    var mark: Mark { Mark(position: position, values: values) }

    var allValues: Int { values }

    /// What was read since counts no longer.
    mutating func release(since mark: Mark) {
        released.values += values - mark.values
        released.position += position - mark.position
    }

    func checkLength() throws(DocumentSyntaxError) {
        guard position - released.position <= longest else { throw DocumentSyntaxError(line: line, tooLong: limits) }
    }
}
