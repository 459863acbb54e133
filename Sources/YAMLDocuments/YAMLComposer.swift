// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Puts the documents of a text together, within limits and without recursion.
///
/// What is anchored is kept with its size, so that an alias costs nothing here and counts for what it costs whoever walks
/// the tree.
struct YAMLComposer<Tree: YAMLTree> {
    private struct Size {
        var values = 0
        var bytes = 0
        /// How many levels of mappings and lists it has.
        var height = 0

        static func += (size: inout Size, part: Size) {
            size.values += part.values
            size.bytes += part.bytes
            size.height = max(size.height, part.height)
        }
    }

    private struct Key {
        var text: String
        var line: Int
        var isMerge: Bool
    }

    /// A node that is whole.
    private struct Composed {
        var node: Tree.Node
        var size: Size
        /// `nil` for what is no scalar.
        var key: Key?
    }

    /// A mapping or sequence that has begun.
    private struct Open {
        var isMapping: Bool
        var anchor: String?
        var line: Int
        var size = Size(values: 1)
        var elements: [Tree.Node] = []
        var entries = YAMLEntries<Tree>()
        /// The key whose value comes next.
        var key: Key?
        var merged: [Tree.Node] = []

        var wantsKey: Bool { isMapping && key == nil }
    }

    private let limits: DocumentLimits
    private var total = Size()
    private var open: [Open] = []
    private var anchors: [String: Composed] = [:]
    private var root: Tree.Node?

    init(limits: DocumentLimits) {
        self.limits = limits
    }

    /// The next document; `nil` at the end of the text.
    mutating func document(from events: inout YAMLEvents) throws(DocumentSyntaxError) -> Tree.Node? {
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamStart: break
            case .streamEnd: return nil
            case .documentStart:
                root = nil
                anchors = [:]
            case .documentEnd: return root
            case .alias(let name): try follow(name, line: event.line)
            case .scalar(let scalar, let anchor): try add(scalar, anchor: anchor, line: event.line)
            case .sequenceStart(let anchor): try begin(isMapping: false, anchor: anchor, line: event.line)
            case .mappingStart(let anchor): try begin(isMapping: true, anchor: anchor, line: event.line)
            case .collectionEnd: try end()
            }
        }
    }

    private mutating func follow(_ name: String, line: Int) throws(DocumentSyntaxError) {
        // What is not whole yet has no anchor either: nothing holds itself.
        guard var anchored = anchors[name] else {
            throw DocumentSyntaxError(line: line, reason: "found undefined alias \(name.quotedForMessage)")
        }
        try charge(anchored.size, line: line)
        anchored.key?.line = line
        try place(anchored, line: line)
    }

    private mutating func add(_ scalar: YAMLScalar, anchor: String?, line: Int) throws(DocumentSyntaxError) {
        let size = Size(values: 1, bytes: scalar.text.utf8.count)
        // A key is no value, unless an alias makes it one further on.
        try charge(open.last?.wantsKey ?? false ? Size(bytes: size.bytes) : size, line: line)
        guard scalar.text.isStreamSafe else { throw DocumentSyntaxError(unsafeStringOn: line) }
        let composed = Composed(
            node: try Tree.scalar(scalar, line: line),
            size: size,
            key: Key(text: scalar.text, line: line, isMerge: scalar.isPlain && scalar.text == "<<")
        )
        if let anchor { anchors[anchor] = composed }
        try place(composed, line: line)
    }

    private mutating func begin(isMapping: Bool, anchor: String?, line: Int) throws(DocumentSyntaxError) {
        if open.last?.wantsKey ?? false { throw DocumentSyntaxError(line: line, reason: "a key that is no scalar") }
        guard open.count < limits.depth else { throw DocumentSyntaxError(line: line, tooDeep: limits) }
        try charge(Size(values: 1), line: line)
        open.append(Open(isMapping: isMapping, anchor: anchor, line: line))
    }

    private mutating func end() throws(DocumentSyntaxError) {
        guard var ended = open.popLast() else { return }
        for value in ended.merged { try ended.entries.merge(value) }
        ended.size.height += 1
        let node =
            ended.isMapping
            ? Tree.mapping(ended.entries.entries, line: ended.line) : Tree.sequence(ended.elements, line: ended.line)
        let composed = Composed(node: node, size: ended.size)
        if let anchor = ended.anchor { anchors[anchor] = composed }
        try place(composed, line: ended.line)
    }

    /// Puts a node where the document has come to.
    private mutating func place(_ composed: Composed, line: Int) throws(DocumentSyntaxError) {
        guard open.count + composed.size.height <= limits.depth else {
            throw DocumentSyntaxError(line: line, tooDeep: limits)
        }
        guard let last = open.indices.last else {
            root = composed.node
            return
        }
        open[last].size += composed.size
        if !open[last].isMapping {
            open[last].elements.append(composed.node)
        } else if let key = open[last].key {
            open[last].key = nil
            if key.isMerge {
                open[last].merged.append(composed.node)
            } else {
                try open[last].entries.append(key.text, line: key.line, value: composed.node)
            }
        } else if let key = composed.key {
            open[last].key = key
        } else {
            throw DocumentSyntaxError(line: line, reason: "a key that is no scalar")
        }
    }

    private mutating func charge(_ size: Size, line: Int) throws(DocumentSyntaxError) {
        total += size
        guard total.values <= limits.values else { throw DocumentSyntaxError(line: line, tooMany: limits) }
        guard total.bytes <= limits.bytes else {
            throw DocumentSyntaxError(line: line, reason: "more than \(limits.bytes) bytes of text, aliases followed")
        }
    }
}
