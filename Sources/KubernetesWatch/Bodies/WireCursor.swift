// SPDX-License-Identifier: GPL-2.0-or-later
/// Reads protobuf messages field by field, in place (https://protobuf.dev/programming-guides/encoding/).
///
/// It takes what API servers write. What is unusual, malformed or not, is thrown as that, and left to the generated decoder,
/// which has the last word. Known fields with another wire type than theirs are passed over, as that one does.
struct WireCursor {
    /// Something that is left to the generated decoder.
    struct Unusual: Error {}

    /// The head of a field: its number, by its wire type.
    enum Field: Hashable {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(UInt64)
        case fixed32(UInt64)

        var number: UInt64 {
            switch self {
            case .varint(let number), .fixed64(let number), .bytes(let number), .fixed32(let number): number
            }
        }
    }

    private let bytes: [UInt8]
    private var position: Int
    private var end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// - Returns: `nil` at the end of the message.
    mutating func nextField() throws(Unusual) -> Field? {
        guard position < end else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard number > 0, tag <= UInt64(UInt32.max) else { throw Unusual() }
        switch tag & 7 {
        case 0: return .varint(number)
        case 1: return .fixed64(number)
        case 2: return .bytes(number)
        case 5: return .fixed32(number)
        default: throw Unusual()
        }
    }

    mutating func skip(_ field: Field) throws(Unusual) {
        switch field {
        case .varint: _ = try varint()
        case .fixed64: try advance(by: 8)
        case .bytes: _ = try range()
        case .fixed32: try advance(by: 4)
        }
    }

    // MARK: Values

    mutating func varint() throws(Unusual) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Unusual()
    }

    /// An `int32`, widened. A longer number is cut to its lower half.
    mutating func int32() throws(Unusual) -> Int64 { Int64(Int32(truncatingIfNeeded: try varint())) }
    mutating func int64() throws(Unusual) -> Int64 { Int64(bitPattern: try varint()) }
    mutating func bool() throws(Unusual) -> Bool { try varint() != 0 }

    mutating func string() throws(Unusual) -> String {
        try string(in: range())
    }

    func string(in range: Range<Int>) throws(Unusual) -> String {
        guard let text = try? UTF8Span(validating: bytes.span.extracting(range)) else { throw Unusual() }
        return String(copying: text)
    }

    /// The bytes of a field that is no text.
    mutating func data() throws(Unusual) -> [UInt8] { Array(bytes[try range()]) }

    /// Reads a message that is a field of this one.
    mutating func message(_ body: (inout WireCursor) throws(Unusual) -> Void) throws(Unusual) {
        let range = try range()
        let outer = end
        position = range.lowerBound
        end = range.upperBound
        try body(&self)
        end = outer
        position = range.upperBound
    }

    /// Reads a message that is a field of this one, and of which a single field counts, as often as it comes.
    mutating func message(
        only wanted: Field,
        _ body: (inout WireCursor) throws(Unusual) -> Void
    ) throws(Unusual) {
        try message { cursor throws(Unusual) in
            while let field = try cursor.nextField() {
                if field == wanted { try body(&cursor) } else { try cursor.skip(field) }
            }
        }
    }

    /// Reads an entry of a map from strings to strings. Both are checked to be text.
    mutating func entry() throws(Unusual) -> (key: Range<Int>, value: Range<Int>) {
        var key = position..<position
        var value = key
        try message { entry throws(Unusual) in
            while let field = try entry.nextField() {
                switch field {
                case .bytes(1): key = try entry.text()
                case .bytes(2): value = try entry.text()
                default:
                    // The generated decoder does not pass over those that are neither.
                    guard field.number > 2 else { throw Unusual() }
                    try entry.skip(field)
                }
            }
        }
        return (key, value)
    }

    func holds(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { unsafe $0.elementsEqual(bytes[range]) }
    }

    func begins(_ text: StaticString, in range: Range<Int>) -> Bool {
        let count = text.utf8CodeUnitCount
        return range.count >= count && holds(text, in: range.prefix(count))
    }

    /// Passes over bytes that have to come next.
    mutating func expect(_ wanted: [UInt8]) throws(Unusual) {
        let start = position
        try advance(by: wanted.count)
        guard bytes[start..<position].elementsEqual(wanted) else { throw Unusual() }
    }

    /// Where a text is, once it is known to be one.
    mutating func text() throws(Unusual) -> Range<Int> {
        let range = try range()
        // Most are ASCII.
        if !bytes[range].allSatisfy({ $0 < 0x80 }) { _ = try string(in: range) }
        return range
    }

    private mutating func range() throws(Unusual) -> Range<Int> {
        guard let length = Int(exactly: try varint()), length <= end - position else { throw Unusual() }
        defer { position += length }
        return position..<position + length
    }

    private mutating func advance(by count: Int) throws(Unusual) {
        guard count <= end - position else { throw Unusual() }
        position += count
    }
}
