// SPDX-License-Identifier: GPL-2.0-or-later
import JSONStrings

extension DocumentValue {
    /// On one line, keys in order.
    var json: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .list(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .object(let fields):
            "{" + fields.inOrder.map { "\(Self.quoted($0.key)):\($0.value.json)" }.joined(separator: ",") + "}"
        }
    }

    /// In double quotes, with the escapes of JSON, which are also some of YAML's.
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONString.append(text, to: &bytes, breaks: .byName)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Controls, line breaks of Unicode and the byte order mark, none of which YAML takes as they are.
    static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{feff}": true
        default: false
        }
    }
}
