// SPDX-License-Identifier: GPL-2.0-or-later
/// A value to write as YAML or JSON.
enum DocumentValue {
    case null
    case bool(Bool)
    /// As it is to be printed.
    case number(String)
    case string(String)
    case list([DocumentValue])
    case object([String: DocumentValue])
}

/// Collects the fields of a configuration, in the forms that Kubernetes' JSON encoding gives them.
struct FieldWriter: FieldVisitor {
    private(set) var fields: [String: DocumentValue] = [:]

    /// The fields of a value.
    static func fields(of value: some VisitableFields) -> [String: DocumentValue] {
        var value = value
        var writer = FieldWriter()
        value.visit(&writer)
        return writer.fields
    }

    mutating func set(_ name: String, _ value: DocumentValue) {
        fields[name] = value
    }

    mutating func field(_ name: String, _ value: inout String) {
        set(name, .string(value))
    }

    mutating func field(_ name: String, _ value: inout Bool) {
        set(name, .bool(value))
    }

    mutating func field(_ name: String, _ value: inout Int32) {
        set(name, .number("\(value)"))
    }

    /// A whole number has no decimal point in Go's JSON.
    mutating func field(_ name: String, _ value: inout Float) {
        if let whole = Int32(exactly: value) {
            set(name, .number("\(whole)"))
        } else {
            set(name, .number("\(value)"))
        }
    }

    mutating func field(_ name: String, _ value: inout Duration) {
        set(name, .string(GoDuration(value).description))
    }

    /// A list without elements is one that was not set.
    mutating func field(_ name: String, _ value: inout [String]) {
        set(name, value.isEmpty ? .null : .list(value.map(DocumentValue.string)))
    }

    mutating func durationOrNanoseconds(_ name: String, _ value: inout Duration) {
        field(name, &value)
    }

    mutating func quantity(_ name: String, _ value: inout String) {
        field(name, &value)
    }

    mutating func switches(_ name: String, _ value: inout [String: Bool]) {
        if !value.isEmpty { set(name, .object(value.mapValues(DocumentValue.bool))) }
    }

    mutating func list<Element: VisitableFields>(_ name: String, _ value: inout [Element]) {
        if !value.isEmpty { set(name, .list(value.map { .object(Self.fields(of: $0)) })) }
    }

    mutating func optionalField(_ name: String, _ value: inout Bool) {
        if value { set(name, .bool(true)) }
    }

    mutating func section(_ name: String, _ visit: (inout FieldWriter) -> Void) {
        var writer = FieldWriter()
        visit(&writer)
        set(name, .object(writer.fields))
    }
}

extension [String: DocumentValue] {
    /// In the order of Unicode code points, as Go sorts.
    var inOrder: [(key: String, value: DocumentValue)] {
        sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
    }
}
