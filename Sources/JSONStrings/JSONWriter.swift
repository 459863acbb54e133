// SPDX-License-Identifier: GPL-2.0-or-later
/// The one way in which values become JSON here (RFC 8259): members in the order of the calls, the same bytes for the same
/// calls. It checks no order: a value stands at the top, behind a key, or behind `element()`.
public struct JSONWriter: Sendable {
    public enum Layout: Hashable, Sendable {
        /// As short as JSON gets.
        case compact
        /// A line for each member and element, with two spaces for each level.
        case indented
    }

    public private(set) var bytes: [UInt8] = []
    private let layout: Layout
    private let breaks: JSONString.Breaks
    private var depth = 0
    private var isFirst = true

    public init(_ layout: Layout, breaks: JSONString.Breaks = .byNumber) {
        self.layout = layout
        self.breaks = breaks
    }

    /// Hands over what was written since the last time.
    public mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    // MARK: Objects and arrays

    /// Begins the object that the members after it are of.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }

    public mutating func endObject() { end(UInt8(ascii: "}")) }

    /// Begins the array that the elements after it are of.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }

    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Begins a member: its value follows.
    public mutating func key(_ key: String) {
        element()
        string(key)
        bytes.append(UInt8(ascii: ":"))
        if layout == .indented { bytes.append(UInt8(ascii: " ")) }
    }

    /// Begins an element: its value follows.
    public mutating func element() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        breakLine()
    }

    private mutating func begin(_ brace: UInt8) {
        bytes.append(brace)
        depth += 1
        isFirst = true
    }

    private mutating func end(_ brace: UInt8) {
        depth -= 1
        if !isFirst { breakLine() }
        isFirst = false
        bytes.append(brace)
    }

    private mutating func breakLine() {
        guard layout == .indented else { return }
        endLine()
        for _ in 0..<2 * depth { bytes.append(UInt8(ascii: " ")) }
    }

    // MARK: Values

    public mutating func null() { raw("null") }

    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    public mutating func string(_ text: String) {
        JSONString.append(text, to: &bytes, breaks: breaks)
    }

    /// - Parameter number: as it is to be written.
    public mutating func raw(_ number: String) {
        bytes.append(contentsOf: number.utf8)
    }

    /// A line break, such as stands behind a document.
    public mutating func endLine() { bytes.append(UInt8(ascii: "\n")) }
}
