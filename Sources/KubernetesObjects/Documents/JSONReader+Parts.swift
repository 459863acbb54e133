// SPDX-License-Identifier: GPL-2.0-or-later
extension JSONReader {
    /// Reads one JSON value and hands over the elements of its `items` one by one, so that a long list takes no more memory than
    /// one of its elements. What is no JSON is handed over as a failure.
    ///
    /// - Parameter body: Says whether it holds the part, whose size then counts until the document ends.
    /// - Throws: When the text asks for too much, or what `body` throws.
    public static func readParts(
        of bytes: [UInt8],
        limits: TextLimits,
        _ body: (DocumentPart) throws(DocumentSyntaxError) -> Bool
    ) throws(DocumentSyntaxError) {
        var parts = JSONParts(bytes, limits.part)
        while true {
            let part: DocumentPart?
            do throws(DocumentSyntaxError) {
                part = try parts.next()
            } catch {
                _ = try body(.failure(error, document: 1))
                return
            }
            guard let part else { return }
            guard parts.values <= limits.values else {
                throw DocumentSyntaxError(line: parts.line, tooMany: limits.values)
            }
            if try !body(part) { parts.release() }
        }
    }
}

/// A JSON value in parts, each read when it is asked for.
private struct JSONParts {
    private enum State {
        case start
        case inDocument
        case inList(isEmpty: Bool)
        case end
    }

    private var reader: JSONReader
    private var state = State.start
    private var entries = JSONReader.Entries()
    private var documentLine = 1
    private var listLine = 1
    private var element = JSONReader.Mark()

    init(_ bytes: [UInt8], _ limits: DocumentLimits) {
        reader = JSONReader(parts: bytes, limits)
    }

    var line: Int { reader.line }
    var values: Int { reader.allValues }

    /// What was handed over last is not held.
    mutating func release() {
        if case .inList = state { reader.release(since: element) }
    }

    mutating func next() throws(DocumentSyntaxError) -> DocumentPart? {
        switch state {
        case .start:
            try reader.startText()
            guard reader.peek() != nil else { return nil }
            documentLine = reader.line
            guard reader.peek() == UInt8(ascii: "{") else {
                let document = try reader.value()
                return try end(document)
            }
            try reader.open()
            state = .inDocument
            return try document()
        case .inDocument: return try document()
        case .inList(let isEmpty):
            if let part = try listElement(isFirst: isEmpty) { return part }
            return try document()
        case .end: return nil
        }
    }

    private mutating func document() throws(DocumentSyntaxError) -> DocumentPart {
        while let key = try reader.nextKey(&entries) {
            guard key == DocumentPart.listKey, reader.peek() == UInt8(ascii: "[") else {
                entries.append(key, try reader.value())
                continue
            }
            listLine = reader.line
            try reader.open()
            if let part = try listElement(isFirst: true) { return part }
        }
        return try end(DocumentNode(.mapping(entries.all), line: documentLine))
    }

    /// The next element of the list; `nil` at its end.
    private mutating func listElement(isFirst: Bool) throws(DocumentSyntaxError) -> DocumentPart? {
        guard try !reader.closes(with: "]", isFirst: isFirst) else {
            entries.append(DocumentPart.listKey, DocumentNode(.sequence([]), line: listLine))
            state = .inDocument
            return nil
        }
        state = .inList(isEmpty: false)
        element = reader.mark
        return .item(try reader.value(), before: entries.all)
    }

    private mutating func end(_ document: DocumentNode) throws(DocumentSyntaxError) -> DocumentPart {
        state = .end
        try reader.endText()
        return .document(document)
    }
}
