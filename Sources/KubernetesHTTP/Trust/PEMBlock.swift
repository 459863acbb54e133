// SPDX-License-Identifier: GPL-2.0-or-later
/// A block of a PEM file (RFC 7468).
///
/// Read as Go's `encoding/pem` does: text around the blocks is skipped, and so is a block that has no end or is not Base64.
struct PEMBlock: Hashable {
    /// Such as `CERTIFICATE`.
    var label: String
    /// Headers stand in an encrypted key, and never in a certificate.
    var hasHeaders: Bool
    var bytes: [UInt8]

    static func all(in text: [UInt8]) -> [PEMBlock] {
        var blocks: [PEMBlock] = []
        var label: String?
        var body = ""
        var hasHeaders = false
        for bytes in text.split(separator: UInt8(ascii: "\n")) {
            let line = Line(bytes)
            if let begun = line.label(after: "-----BEGIN ") {
                // A block that was cut off does not take the next one with it.
                (label, body, hasHeaders) = (begun, "", false)
            } else if let opened = label {
                if let ended = line.label(after: "-----END ") {
                    label = nil
                    guard ended == opened, let bytes = Base64.decode(body) else { continue }
                    blocks.append(PEMBlock(label: opened, hasHeaders: hasHeaders, bytes: bytes))
                } else if line.text.contains(":") {
                    hasHeaders = true
                } else {
                    body += line.text
                }
            }
        }
        return blocks
    }

    private struct Line {
        /// Without white space at its end.
        var text: String

        init(_ bytes: ArraySlice<UInt8>) {
            let end = bytes.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? bytes.startIndex
            text = String(decoding: bytes[..<end], as: UTF8.self)
        }

        func label(after prefix: String) -> String? {
            guard text.hasPrefix(prefix), text.hasSuffix("-----") else { return nil }
            return String(text.dropFirst(prefix.count).dropLast(5))
        }
    }
}
