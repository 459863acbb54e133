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

        static func -= (size: inout Size, part: Size) {
            size.values -= part.values
            size.bytes -= part.bytes
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

    /// What is handed over.
    enum Part {
        /// An element of the list `items`, and the document's entries before the list.
        case item(Tree.Node, before: [Tree.Entry])
        case document(Tree.Node)
    }

    private let limits: DocumentLimits
    /// For a text that is handed over in parts; `nil` for one that is read whole.
    private let textLimits: TextLimits?
    /// Of all that was read.
    private var total = Size()
    /// Of what aliases stand for.
    private var followed = Size()
    /// Of what was handed over and is not held.
    private var released = Size()
    /// Of what has an anchor, and stays until the document ends.
    private var anchored = Size()
    private var item: (part: Part, size: Size)?
    private var hasHandedOver = false
    /// Of the document that is being read, in bytes.
    var documentLength = 0

    private var open: [Open] = []
    private var anchors: [String: Composed] = [:]
    private var root: Tree.Node?
    /// The whole text asked for too much; otherwise a failure is about its document.
    private(set) var isTextRefused = false

    init(limits: DocumentLimits) {
        self.limits = limits
        textLimits = nil
    }

    /// Composes a text that is handed over in parts.
    init(limits: TextLimits) {
        self.limits = limits.part
        textLimits = limits
    }

    /// The next document; `nil` at the end of the text.
    mutating func document(from events: inout YAMLEvents) throws(DocumentSyntaxError) -> Tree.Node? {
        guard case .document(let document)? = try next(from: &events) else { return nil }
        return document
    }

    /// The next part; `nil` at the end of the text.
    mutating func next(from events: inout YAMLEvents) throws(DocumentSyntaxError) -> Part? {
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamStart: break
            case .streamEnd: return nil
            case .documentStart: startDocument()
            case .documentEnd: return root.map { .document($0) }
            case .alias(let name): try follow(name, line: event.line)
            case .scalar(let scalar, let anchor): try add(scalar, anchor: anchor, line: event.line)
            case .sequenceStart(let anchor): try begin(isMapping: false, anchor: anchor, line: event.line)
            case .mappingStart(let anchor): try begin(isMapping: true, anchor: anchor, line: event.line)
            case .collectionEnd: try end()
            }
            if let item { return item.part }
        }
    }

    private mutating func startDocument() {
        root = nil
        open = []
        anchors = [:]
        anchored = Size()
        hasHandedOver = false
        // The documents before have been handed over.
        if textLimits != nil { released = total }
    }

    /// Ends the handing over of an item.
    ///
    /// - Parameter isHeld: Whether it is held until its document ends.
    mutating func takeItem(isHeld: Bool) {
        if let item, !isHeld { released += item.size }
        item = nil
    }

    private mutating func follow(_ name: String, line: Int) throws(DocumentSyntaxError) {
        // What is not whole yet has no anchor either: nothing holds itself.
        guard var anchored = anchors[name] else {
            throw DocumentSyntaxError(line: line, reason: "found undefined alias \(name.quotedForMessage)")
        }
        followed += anchored.size
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
        keep(composed, anchor)
        try place(composed, line: line)
    }

    private mutating func keep(_ composed: Composed, _ anchor: String?) {
        guard let anchor else { return }
        if let old = anchors.updateValue(composed, forKey: anchor) { anchored -= old.size }
        anchored += composed.size
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
        keep(composed, ended.anchor)
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
        if isItemList(last) {
            item = (.item(composed.node, before: open[0].entries.entries), composed.size)
            hasHandedOver = true
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

    /// Whether the open list is the one whose elements are handed over. One with an anchor is needed whole.
    private func isItemList(_ last: Int) -> Bool {
        textLimits != nil && last == 1 && !open[1].isMapping && open[1].anchor == nil
            && open[0].key?.text == DocumentPart.listKey
    }

    private mutating func charge(_ size: Size, line: Int) throws(DocumentSyntaxError) {
        total += size
        if let textLimits {
            guard total.values <= textLimits.values else {
                isTextRefused = true
                throw DocumentSyntaxError(line: line, tooMany: textLimits.values)
            }
            isTextRefused = followed.values > limits.values || followed.bytes > limits.bytes
        }
        // What has an anchor may be counted twice, and not at all were it left out.
        let kept = textLimits == nil ? Size() : anchored
        guard max(total.values - released.values + kept.values, followed.values) <= limits.values else {
            // Without a list, the length alone would have told.
            guard hasHandedOver || documentLength <= limits.bytes else {
                throw DocumentSyntaxError(line: line, tooLong: limits)
            }
            throw DocumentSyntaxError(line: line, tooMany: limits.values)
        }
        guard total.bytes - followed.bytes - released.bytes <= limits.bytes || textLimits == nil else {
            throw DocumentSyntaxError(line: line, tooLong: limits)
        }
        guard max(total.bytes - released.bytes + kept.bytes, followed.bytes) <= limits.bytes else {
            throw DocumentSyntaxError(line: line, reason: "more than \(limits.bytes) bytes of text, aliases followed")
        }
    }
}
