// SPDX-License-Identifier: GPL-2.0-or-later
/// The one way in which a string becomes JSON here (RFC 8259, section 7): in a dump, a report, a log line, a request and, as these are
/// escapes of YAML too, the configuration.
public enum JSONString {
    /// Which escapes a line break and a tabulator get. Both mean the same to who reads JSON.
    public enum Breaks: Hashable, Sendable {
        /// Such as `\u000a`.
        case byNumber
        /// Such as `\n`, as Go writes it.
        case byName
    }

    /// Appends the string in quotes.
    ///
    /// Besides what JSON calls for, what is not visible is escaped: JSON is read at terminals too.
    public static func append(_ text: String, to bytes: inout [UInt8], breaks: Breaks = .byNumber) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(isPlain) {
            bytes += text.utf8
        } else {
            for scalar in text.unicodeScalars { append(scalar, to: &bytes, breaks) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8], _ breaks: Breaks) {
        switch scalar {
        case "\"": bytes += #"\""#.utf8
        case "\\": bytes += #"\\"#.utf8
        case "\n" where breaks == .byName: bytes += #"\n"#.utf8
        case "\r" where breaks == .byName: bytes += #"\r"#.utf8
        case "\t" where breaks == .byName: bytes += #"\t"#.utf8
        // All of these are below U+10000.
        case _ where scalar.value < 0x20 || scalar.isInvisibleControl:
            let digits = String(scalar.value, radix: 16)
            bytes += (#"\u"# + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
        default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
    }
}

extension Unicode.Scalar {
    /// Whether it controls how text around it is shown: C0 and C1 controls but the tabulator, separators of lines and
    /// paragraphs, and marks of direction (CVE-2021-42574).
    public var isInvisibleControl: Bool {
        switch value {
        case 0x09: false
        case 0...0x1f, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0x061c, 0xfeff: true
        default: false
        }
    }
}
