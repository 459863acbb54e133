// SPDX-License-Identifier: GPL-2.0-or-later
import JSONStrings

extension DocumentValue {
    /// On one line, keys in order.
    var json: String {
        var json = JSONWriter(.compact, breaks: .byName)
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.bool(value)
        case .number(let text): json.raw(text)
        case .string(let text): json.string(text)
        case .list(let elements):
            json.beginArray()
            for element in elements {
                json.element()
                element.write(to: &json)
            }
            json.endArray()
        case .object(let fields):
            json.beginObject()
            for field in fields.inOrder {
                json.key(field.key)
                field.value.write(to: &json)
            }
            json.endObject()
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
