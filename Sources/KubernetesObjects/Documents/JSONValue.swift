// SPDX-License-Identifier: GPL-2.0-or-later
import JSONStrings

/// A JSON value to be written.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    /// Members in the order they are written in.
    case object([Member])

    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// As short as JSON gets (RFC 8259).
    package var text: [UInt8] {
        var json = JSONWriter(.compact)
        write(to: &json)
        return json.bytes
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    package init(stringLiteral value: String) {
        self = .string(value)
    }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }

    package init(_ node: DocumentNode) {
        switch node.value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .sequence(let nodes): self = .array(nodes.map(JSONValue.init))
        case .mapping(let entries):
            self = .object(entries.map { Member(key: $0.key, value: JSONValue($0.value)) })
        }
    }

    /// The same object without the members that are `null`.
    package var withoutNulls: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null })
    }
}

extension JSONValue {
    private func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.bool(value)
        case .integer(let value): json.raw(String(value))
        // JSON has no infinities.
        case .double(let value): json.raw(value.isFinite ? "\(value)" : "null")
        case .string(let value): json.string(value)
        case .array(let values):
            json.beginArray()
            for value in values {
                json.element()
                value.write(to: &json)
            }
            json.endArray()
        case .object(let members):
            json.beginObject()
            for member in members {
                json.key(member.key)
                member.value.write(to: &json)
            }
            json.endObject()
        }
    }
}
