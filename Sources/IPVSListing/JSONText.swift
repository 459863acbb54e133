// SPDX-License-Identifier: GPL-2.0-or-later
import JSONStrings

/// JSON as it is written: keys in the order of the calls, two spaces of indentation, the same bytes for the same calls.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var depth = 0
    private var isFirst = true

    /// `{ … }` with the members that `body` writes.
    mutating func object(_ body: (inout JSONText) -> Void) {
        nest("{", "}", body)
    }

    // MARK: Piece by piece

    /// Begins the object that the members after it are of.
    mutating func beginObject() {
        begin("{")
    }

    mutating func endObject() {
        end("}")
    }

    /// Begins a member that is an array of objects, each of which is an `element`.
    mutating func beginArray(_ key: String) {
        self.key(key)
        begin("[")
    }

    mutating func endArray() {
        end("]")
    }

    mutating func element(_ body: (inout JSONText) -> Void) {
        separate()
        object(body)
    }

    /// Hands over what was written since the last time.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    // MARK: Members

    mutating func member(_ key: String, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { raw("null") }
    }

    mutating func member(_ key: String, _ value: Bool) {
        self.key(key)
        raw(value ? "true" : "false")
    }

    mutating func member(_ key: String, _ value: (some FixedWidthInteger)?) {
        self.key(key)
        raw(value.map { String($0) } ?? "null")
    }

    mutating func member(_ key: String, _ values: [String]) {
        self.key(key)
        nest("[", "]") { json in
            for value in values {
                json.separate()
                json.string(value)
            }
        }
    }

    /// A member that is an object, or `null` without a value.
    mutating func member<Value>(_ key: String, _ value: Value?, _ body: (inout JSONText, Value) -> Void) {
        self.key(key)
        if let value {
            object { json in body(&json, value) }
        } else {
            raw("null")
        }
    }

    /// A member that is an array of objects.
    mutating func member<Value>(_ key: String, each values: [Value], _ body: (inout JSONText, Value) -> Void) {
        self.key(key)
        nest("[", "]") { json in
            for value in values {
                json.separate()
                json.object { json in body(&json, value) }
            }
        }
    }

    private mutating func key(_ key: String) {
        separate()
        string(key)
        raw(": ")
    }

    private mutating func nest(_ open: String, _ close: String, _ body: (inout JSONText) -> Void) {
        begin(open)
        body(&self)
        end(close)
    }

    private mutating func begin(_ open: String) {
        raw(open)
        depth += 1
        isFirst = true
    }

    private mutating func end(_ close: String) {
        depth -= 1
        if !isFirst { breakLine() }
        isFirst = false
        raw(close)
    }

    /// Before each member or element.
    private mutating func separate() {
        if !isFirst { raw(",") }
        isFirst = false
        breakLine()
    }

    mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func breakLine() {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth {
            bytes.append(UInt8(ascii: " "))
            bytes.append(UInt8(ascii: " "))
        }
    }

    private mutating func string(_ text: String) {
        JSONString.append(text, to: &bytes)
    }

    private mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
