// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// What the composer makes of a document: how its parts are put together and taken apart again.
protocol YAMLTree {
    associatedtype Node
    associatedtype Entry

    /// Whether a key may be given again, so that the last one counts. Otherwise the document is refused.
    static var takesLastOfEqualKeys: Bool { get }

    static func scalar(_ scalar: YAMLScalar, line: Int) throws(DocumentSyntaxError) -> Node
    static func sequence(_ elements: [Node], line: Int) -> Node
    static func mapping(_ entries: [Entry], line: Int) -> Node
    static func entry(_ key: String, line: Int, value: Node) -> Entry

    static func key(of entry: Entry) -> String
    /// Notes that the same key is given again further on.
    static func override(_ entry: inout Entry)

    /// `nil` for another node than a sequence.
    static func elements(of node: Node) -> [Node]?
    /// Those that count; `nil` for another node than a mapping.
    static func entries(of node: Node) -> [Entry]?
    static func line(of node: Node) -> Int
}

/// The entries of a mapping while it is read. An operation takes the same time, however many there are.
struct YAMLEntries<Tree: YAMLTree> {
    /// So many keys are searched faster than hashed; nearly every mapping has fewer.
    private static var fewKeys: Int { 16 }
    /// With more keys given twice it is no configuration, and nobody reads as many warnings.
    private static var mostOverridden: Int { 100 }

    private(set) var entries: [Tree.Entry] = []
    private var lines: [Int] = []
    /// Where each key stands, once there are more than a few.
    private var positions: [String: Int] = [:]
    private var overridden = 0

    mutating func append(_ key: String, line: Int, value: Tree.Node) throws(DocumentSyntaxError) {
        if let position = position(of: key) {
            guard Tree.takesLastOfEqualKeys else {
                throw DocumentSyntaxError(
                    line: lines[position],
                    reason: "the same mapping has more than one \(key.quotedForMessage)"
                )
            }
            overridden += 1
            guard overridden <= Self.mostOverridden else {
                throw DocumentSyntaxError(
                    line: line,
                    reason: "more than \(Self.mostOverridden) keys of a mapping are given twice"
                )
            }
            Tree.override(&entries[position])
        }
        add(Tree.entry(key, line: line, value: value), key, line: line)
    }

    /// The merge key `<<` (YAML 1.1): the keys of another mapping, or of several, where this one has none of its own.
    mutating func merge(_ value: Tree.Node) throws(DocumentSyntaxError) {
        if let others = Tree.entries(of: value) {
            add(missing: others)
        } else if let values = Tree.elements(of: value) {
            for value in values {
                guard let others = Tree.entries(of: value) else {
                    throw DocumentSyntaxError(line: Tree.line(of: value), reason: "\"<<\" wants mappings")
                }
                add(missing: others)
            }
        } else {
            throw DocumentSyntaxError(line: Tree.line(of: value), reason: "\"<<\" wants a mapping")
        }
    }

    private mutating func add(missing others: [Tree.Entry]) {
        for other in others {
            let key = Tree.key(of: other)
            if position(of: key) == nil { add(other, key, line: 0) }
        }
    }

    private mutating func add(_ entry: Tree.Entry, _ key: String, line: Int) {
        entries.append(entry)
        lines.append(line)
        if entries.count > Self.fewKeys { positions[key] = entries.count - 1 }
    }

    private mutating func position(of key: String) -> Int? {
        if entries.count < Self.fewKeys {
            return entries.lastIndex { Tree.key(of: $0) == key }
        }
        if positions.isEmpty {
            for (position, entry) in entries.enumerated() { positions[Tree.key(of: entry)] = position }
        }
        return positions[key]
    }
}
