// SPDX-License-Identifier: GPL-2.0-or-later
/// A node of a YAML or JSON document, and where it was written.
public struct DocumentNode: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case double(Double)
        case string(String)
        case sequence([DocumentNode])
        /// In the order of the document; no key appears twice.
        case mapping([Entry])
    }

    /// One key of a mapping and what it maps to.
    public struct Entry: Hashable, Sendable {
        public var key: String
        public var value: DocumentNode

        public init(key: String, value: DocumentNode) {
            self.key = key
            self.value = value
        }
    }

    public var value: Value
    /// The line of the source that the node starts on, from 1.
    public var line: Int

    public init(_ value: Value, line: Int) {
        self.value = value
        self.line = line
    }
}

extension DocumentNode {
    /// The line of the field at a path such as `spec.ports[0].port`, or of the deepest part of the path that is there.
    public func line(ofField path: String) -> Int {
        var node = self
        var rest = path[...]
        while !rest.isEmpty {
            let next: DocumentNode?
            if rest.first == "[", let end = rest.firstIndex(of: "]") {
                next = node.element(at: rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
            } else {
                let key = rest.prefix { $0 != "." && $0 != "[" }
                next = node.entry(key)
                rest = rest[key.endIndex...]
            }
            guard let next else { return node.line }
            node = next
            rest = rest.first == "." ? rest.dropFirst() : rest
        }
        return node.line
    }

    /// The element of a sequence, or the entry of a mapping, that stands in brackets in a path.
    private func element(at key: Substring) -> DocumentNode? {
        guard case .sequence(let elements) = value else { return entry(key) }
        guard let index = Int(key), elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    private func entry(_ key: some StringProtocol) -> DocumentNode? {
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.value
    }
}

/// Why a text is not a document of its format.
public struct DocumentSyntaxError: Error, Hashable, Sendable {
    /// From 1.
    public var line: Int
    public var reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}
