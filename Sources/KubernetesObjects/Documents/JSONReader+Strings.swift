// SPDX-License-Identifier: GPL-2.0-or-later
extension JSONReader {
    mutating func safeString() throws(DocumentSyntaxError) -> String {
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
                try checkLength()
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
            try checkLength()
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
