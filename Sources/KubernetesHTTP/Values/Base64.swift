// SPDX-License-Identifier: GPL-2.0-or-later
/// Base64 (RFC 4648 section 4).
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8: UInt32] = Dictionary(
        uniqueKeysWithValues: digits.enumerated().map { ($1, UInt32($0)) }
    )

    /// The bytes that `text` stands for, which may be broken into lines; `nil` when it is not Base64.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"):
                continue
            case UInt8(ascii: "="):
                padding += 1
                group <<= 6
            default:
                guard padding == 0, let value = values[byte] else { return nil }
                group = group << 6 | value
            }
            digits += 1
            guard digits == 4 else { continue }
            guard padding <= 2, bytes.isEmpty || bytes.count % 3 == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            group = 0
            digits = 0
        }
        return digits == 0 ? bytes : nil
    }

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var group: UInt32 = 0
            for index in start..<start + 3 {
                group = group << 8 | (index < part.endIndex ? UInt32(part[index]) : 0)
            }
            for digit in 0..<4 {
                let isPadding = digit > part.count
                text.append(isPadding ? UInt8(ascii: "=") : digits[Int(group >> UInt32(18 - 6 * digit) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
