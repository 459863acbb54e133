// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A key is there once, and each scalar means what `PlainScalar` says.
extension DocumentNode: YAMLTree {
    typealias Node = DocumentNode

    static var takesLastOfEqualKeys: Bool { false }

    static func sequence(_ elements: [DocumentNode], line: Int) -> DocumentNode {
        DocumentNode(.sequence(elements), line: line)
    }

    static func mapping(_ entries: [Entry], line: Int) -> DocumentNode {
        DocumentNode(.mapping(entries), line: line)
    }

    static func entry(_ key: String, line: Int, value: DocumentNode) -> Entry {
        Entry(key: key, value: value)
    }

    static func key(of entry: Entry) -> String { entry.key }

    static func override(_ entry: inout Entry) {}

    static func elements(of node: DocumentNode) -> [DocumentNode]? {
        if case .sequence(let elements) = node.value { elements } else { nil }
    }

    static func entries(of node: DocumentNode) -> [Entry]? {
        if case .mapping(let entries) = node.value { entries } else { nil }
    }

    static func line(of node: DocumentNode) -> Int { node.line }
}

// MARK: - Scalars

extension DocumentNode {
    static func scalar(_ scalar: YAMLScalar, line: Int) throws(DocumentSyntaxError) -> DocumentNode {
        let value: DocumentNode.Value
        switch scalar.tag {
        case nil, "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            value = PlainScalar.value(of: scalar.text)
        case YAMLScalar.stringTag, "!":
            value = .string(scalar.text)
        case let tag?:
            throw DocumentSyntaxError(line: line, reason: "the tag \(tag.quotedForMessage) means nothing here")
        }
        return DocumentNode(value, line: line)
    }
}
