// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

extension YAMLReader {
    /// Reads a text and hands over its documents one by one, and the elements of each document's `items`: neither a text of many
    /// documents nor one long list takes more memory than one object does. A document that cannot be read is handed over as a
    /// failure, and the next one is read. Empty documents are left out.
    ///
    /// - Parameter body: Says whether it holds the part, whose size then counts until the document ends.
    /// - Throws: When the text as a whole asks for too much, or what `body` throws.
    public static func readParts(
        of bytes: [UInt8],
        limits: TextLimits,
        _ body: (DocumentPart) throws(DocumentSyntaxError) -> Bool
    ) throws(DocumentSyntaxError) {
        let start = try DocumentText.start(of: bytes)
        try unsafe bytes.withUnsafeBufferPointer { text throws(DocumentSyntaxError) in
            var cutter = YAMLDocumentCutter(from: start)
            var composer = YAMLComposer<DocumentNode>(limits: limits)
            var documents = 0
            var failures = 0
            while let piece = unsafe cutter.next(of: text.span) {
                documents += 1
                let text = unsafe UnsafeBufferPointer(rebasing: text[piece.range])
                guard let failure = unsafe try read(text, from: piece.line, limits.part, &composer, body) else {
                    continue
                }
                failures += 1
                guard !composer.isTextRefused else { throw failure }
                guard failures <= TextLimits.mostBadDocuments else {
                    let reason = "more than \(TextLimits.mostBadDocuments) documents that cannot be read"
                    throw DocumentSyntaxError(line: failure.line, reason: reason)
                }
                _ = try body(.failure(failure, document: documents))
            }
        }
    }

    /// Reads what stands between two marks.
    ///
    /// - Returns: why it cannot be read.
    private static func read(
        _ text: UnsafeBufferPointer<UInt8>,
        from line: Int,
        _ limits: DocumentLimits,
        _ composer: inout YAMLComposer<DocumentNode>,
        _ body: (DocumentPart) throws(DocumentSyntaxError) -> Bool
    ) throws(DocumentSyntaxError) -> DocumentSyntaxError? {
        var events: YAMLEvents
        do throws(DocumentSyntaxError) {
            try unsafe DocumentText.validate(text.span, line: line)
            events = unsafe try YAMLEvents(text, from: line, limits)
        } catch {
            return error
        }
        composer.documentLength = text.count
        while true {
            let part: YAMLComposer<DocumentNode>.Part?
            do throws(DocumentSyntaxError) {
                part = try composer.next(from: &events)
            } catch {
                return error
            }
            switch part {
            case .item(let element, let before)?:
                composer.takeItem(isHeld: try body(.item(element, before: before)))
            case .document(let document)?:
                if document.value != .null { _ = try body(.document(document)) }
            case nil: return nil
            }
        }
    }
}
