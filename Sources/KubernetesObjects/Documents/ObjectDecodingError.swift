// SPDX-License-Identifier: GPL-2.0-or-later
/// A field whose value has another type than the API gives it. No part of such an object can be trusted, so the whole
/// object is refused.
public struct ObjectDecodingError: Error, Hashable, Sendable {
    /// The path of the field, such as `spec.ports[0].port`; empty for the object itself.
    public private(set) var field: String
    /// The line of the source, from 1.
    public let line: Int
    /// What is there, such as `the string "http"`.
    public let found: String
    /// What should be there, such as `an integer`.
    public let wanted: String

    init(field: String = "", line: Int, found: String, wanted: String) {
        self.field = field
        self.line = line
        self.found = found
        self.wanted = wanted
    }

    /// The same error seen from the node that holds the field under `key`.
    func inside(_ key: String) -> Self {
        var error = self
        error.field = field.isEmpty ? key : field.hasPrefix("[") ? key + field : "\(key).\(field)"
        return error
    }
}

extension ObjectDecodingError {
    init(_ node: DocumentNode, wanted: String) {
        self.init(line: node.line, found: node.value.summary, wanted: wanted)
    }

    /// The error of a field that must be there and is not.
    init(missing field: String, of node: DocumentNode, wanted: String) {
        self.init(field: field, line: node.line, found: "nothing", wanted: wanted)
    }
}

extension ObjectDecodingError: CustomStringConvertible {
    /// What was found and what is wanted, without the field and the line.
    public var explanation: String { "found \(found), want \(wanted)" }

    public var description: String { field.isEmpty ? explanation : "\(field): \(explanation)" }
}

extension DocumentNode.Value {
    /// The value in the words of an error message.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "the boolean \(value)"
        case .integer(let value): "the integer \(value)"
        case .double(let value): "the number \(value)"
        case .string(let value): "the string \(value.quotedForMessage)"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
