// SPDX-License-Identifier: GPL-2.0-or-later
/// What a reader hands over of a text as soon as it is read, so that neither the text's documents nor a document with a long list
/// are held whole.
public enum DocumentPart: Hashable, Sendable {
    /// An element of the list `items` of the document that is being read, and the document's entries that stand before the list.
    case item(DocumentNode, before: [DocumentNode.Entry])
    /// A whole document. Its `items` are empty where they were handed over before.
    case document(DocumentNode)
    /// A document that cannot be read, with its number in the text, from 1. What was handed over of it does not count.
    case failure(DocumentSyntaxError, document: Int)

    /// The key of the list whose elements are handed over one by one.
    package static let listKey = "items"
}

/// How much a text may ask of a reader that hands it over in parts.
///
/// `DocumentLimits` hold for each part. What aliases stand for is held to them over the whole text: each is a few bytes there, and
/// takes the time of what it stands for.
public struct TextLimits: Hashable, Sendable {
    public var part: DocumentLimits
    /// Values of the whole text, but for keys.
    public var values: Int
    /// So many documents of a text may be bad, before the text is no manifest.
    public static let mostBadDocuments = 100

    /// - Parameter count: The length of the text in bytes. Objects as programs write them have a value in ten bytes.
    public init(part: DocumentLimits = .file, bytes count: Int) {
        self.part = part
        values = max(part.values, count / 6)
    }
}
