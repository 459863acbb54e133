// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A node of a document whose scalars nobody has read yet: what they mean depends on the field.
public struct YAMLNode: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// - isBare: It has no quotes and is no block, so that it may be a number, a boolean or null.
        case scalar(String, isBare: Bool)
        case sequence([YAMLNode])
        /// In the order of the document.
        case mapping([Entry])
    }

    /// One key of a mapping and what it maps to.
    public struct Entry: Hashable, Sendable {
        public var key: String
        /// The line of the key, from 1.
        public var line: Int
        public var value: YAMLNode
        /// The same key is given again further on, and that one counts.
        public var isOverridden = false
    }

    public var content: Content
    /// The line of the source that the node starts on, from 1.
    public var line: Int
}

/// Keys may be given twice, as Kubernetes reads its configuration files.
extension YAMLNode: YAMLTree {
    typealias Node = YAMLNode

    static var takesLastOfEqualKeys: Bool { true }

    static func scalar(_ scalar: YAMLScalar, line: Int) throws(DocumentSyntaxError) -> YAMLNode {
        YAMLNode(
            content: .scalar(scalar.text, isBare: scalar.isPlain && scalar.tag != YAMLScalar.stringTag),
            line: line
        )
    }

    static func sequence(_ elements: [YAMLNode], line: Int) -> YAMLNode {
        YAMLNode(content: .sequence(elements), line: line)
    }

    static func mapping(_ entries: [Entry], line: Int) -> YAMLNode {
        YAMLNode(content: .mapping(entries), line: line)
    }

    static func entry(_ key: String, line: Int, value: YAMLNode) -> Entry {
        Entry(key: key, line: line, value: value)
    }

    static func key(of entry: Entry) -> String { entry.key }

    static func override(_ entry: inout Entry) {
        entry.isOverridden = true
    }

    static func elements(of node: YAMLNode) -> [YAMLNode]? {
        if case .sequence(let elements) = node.content { elements } else { nil }
    }

    static func entries(of node: YAMLNode) -> [Entry]? {
        if case .mapping(let entries) = node.content { entries.filter { !$0.isOverridden } } else { nil }
    }

    static func line(of node: YAMLNode) -> Int { node.line }
}
