// SPDX-License-Identifier: GPL-2.0-or-later
/// Members of the object that has begun.
extension JSONWriter {
    public mutating func member(_ key: String, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    public mutating func member(_ key: String, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    public mutating func member(_ key: String, _ value: (some FixedWidthInteger)?) {
        self.key(key)
        raw(value.map { String($0) } ?? "null")
    }

    public mutating func member(_ key: String, _ values: [String]) {
        self.key(key)
        beginArray()
        for value in values {
            element()
            string(value)
        }
        endArray()
    }

    /// A member that is an object, or `null` without a value.
    public mutating func member<Value>(_ key: String, _ value: Value?, _ body: (inout JSONWriter, Value) -> Void) {
        self.key(key)
        if let value {
            object { body(&$0, value) }
        } else {
            null()
        }
    }

    /// A member that is an array of objects.
    public mutating func member<Value>(_ key: String, each values: [Value], _ body: (inout JSONWriter, Value) -> Void) {
        self.key(key)
        beginArray()
        for value in values { element { body(&$0, value) } }
        endArray()
    }

    /// An element that is an object.
    public mutating func element(_ body: (inout JSONWriter) -> Void) {
        element()
        object(body)
    }

    private mutating func object(_ body: (inout JSONWriter) -> Void) {
        beginObject()
        body(&self)
        endObject()
    }
}
