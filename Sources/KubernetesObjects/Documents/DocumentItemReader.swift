// SPDX-License-Identifier: GPL-2.0-or-later
/// Makes objects of a text's parts as they are read, and keeps nothing else of them.
public struct DocumentItemReader {
    /// A list's element whose type only the rest of the document tells, as it stands behind `items` there.
    private struct Held {
        var element: DocumentNode
        var path: String
        /// Before which item it belongs.
        var position: Int
    }

    /// The objects of all documents that could be read, in their order.
    public private(set) var items: [DocumentItem] = []
    private let limit: Int
    private let known: (KubernetesObject.ID) -> KubernetesObject?

    // Of the document that is being read.
    private var firstItem = 0
    private var elementCount = 0
    private var listType: ObjectType?
    private var held: [Held] = []

    /// - Parameters:
    ///   - limit: A text with more objects is refused.
    ///   - known: An older version of an object. Where the new one is equal, the older one is taken for it, so that the two share
    ///     their memory.
    public init(limit: Int, known: @escaping (KubernetesObject.ID) -> KubernetesObject? = { _ in nil }) {
        self.limit = limit
        self.known = known
    }

    /// Takes the next part.
    ///
    /// - Returns: whether the part is held until its document ends.
    public mutating func take(
        _ part: DocumentPart,
        interner: inout StringInterner
    ) throws(DocumentSyntaxError) -> Bool {
        let firstNew = items.count
        var isHeld = false
        switch part {
        case .item(let element, let before):
            isHeld = take(element, before: before, &interner)
            guard items.count + held.count <= limit else { throw tooMany(line: element.line) }
        case .document(let document):
            finish(document, &interner)
            guard items.count <= limit else { throw tooMany(line: document.line) }
        case .failure:
            items.removeSubrange(firstItem...)
            startDocument()
        }
        for index in items.indices.dropFirst(firstNew) { shareKnown(index) }
        return isHeld
    }

    private func tooMany(line: Int) -> DocumentSyntaxError {
        DocumentSyntaxError(line: line, reason: "more than \(limit) objects")
    }

    private mutating func startDocument() {
        firstItem = items.count
        elementCount = 0
        listType = nil
        held = []
    }

    private mutating func shareKnown(_ index: Int) {
        guard case .object(let object) = items[index].outcome, let old = known(object.id), old == object else { return }
        items[index].outcome = .object(old)
    }

    private mutating func take(
        _ element: DocumentNode,
        before: [DocumentNode.Entry],
        _ interner: inout StringInterner
    ) -> Bool {
        // Nothing is wrong yet with a document that has not said what it is.
        if elementCount == 0 { listType = try? ObjectType(DocumentNode(.mapping(before), line: 1), inherited: nil) }
        let path = "\(DocumentPart.listKey)[\(elementCount)]"
        elementCount += 1
        if let listType {
            // Of another kind's list nothing is looked at.
            guard let type = listType.listElement else { return false }
            element.readItems(path: path, inherited: type, limit: limit, into: &items, &interner)
            return false
        }
        guard element.saysItsType else {
            held.append(Held(element: element, path: path, position: items.count))
            return true
        }
        element.readItems(path: path, inherited: nil, limit: limit, into: &items, &interner)
        return false
    }

    private mutating func finish(_ document: DocumentNode, _ interner: inout StringInterner) {
        defer { startDocument() }
        // As above: why it cannot be read is told below.
        guard elementCount > 0, let type = (try? ObjectType(document, inherited: nil))?.listElement else {
            items.removeSubrange(firstItem...)
            items += document.kubernetesItems(interner: &interner, limit: limit - items.count)
            return
        }
        guard let first = held.first else { return }
        let later = Array(items[first.position...])
        items.removeSubrange(first.position...)
        var taken = 0
        for element in held {
            let next = element.position - first.position
            items += later[taken..<next]
            taken = next
            element.element.readItems(path: element.path, inherited: type, limit: limit, into: &items, &interner)
        }
        items += later[taken...]
    }
}
