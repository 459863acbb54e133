// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import YAMLDocuments

/// The format of a manifest, by the end of its name.
enum ManifestFormat: Hashable, Sendable {
    case yaml
    case json

    /// `nil` for a name that is no manifest's: another suffix, a hidden file, or an editor's copy.
    init?(fileName: String) {
        guard !fileName.hasPrefix(".") else { return nil }
        if fileName.hasSuffix(".yaml") || fileName.hasSuffix(".yml") {
            self = .yaml
        } else if fileName.hasSuffix(".json") {
            self = .json
        } else {
            return nil
        }
    }
}

/// What a manifest holds.
struct ManifestContent {
    /// A document that cannot be read.
    struct UnreadDocument {
        var error: DocumentSyntaxError
        /// From 1; `nil` where there is no other.
        var number: Int?
    }

    private(set) var items: [DocumentItem]
    private(set) var unread: [UnreadDocument] = []

    /// An object takes 200 bytes of a file at least. A short file has more only when it is full of mistakes, and each is a report.
    private static func mostObjects(in bytes: [UInt8]) -> Int { max(50_000, bytes.count / 200) }

    /// Reads a manifest object by object, so that it takes little more memory than what comes of it.
    ///
    /// - Parameter known: The objects that the file held before.
    /// - Throws: When the file as a whole asks for too much, or is no text.
    init(
        of bytes: [UInt8],
        format: ManifestFormat,
        interner: inout StringInterner,
        known: @escaping (KubernetesObject.ID) -> KubernetesObject? = { _ in nil }
    ) throws(DocumentSyntaxError) {
        var reader = DocumentItemReader(limit: Self.mostObjects(in: bytes), known: known)
        var unread: [UnreadDocument] = []
        var hasOthers = false
        let take = { (part: DocumentPart) throws(DocumentSyntaxError) -> Bool in
            switch part {
            case .failure(let error, let number):
                unread.append(UnreadDocument(error: error, number: number))
                hasOthers = hasOthers || number > 1
            case .document: hasOthers = hasOthers || !unread.isEmpty
            case .item: break
            }
            return try reader.take(part, interner: &interner)
        }
        let limits = TextLimits(bytes: bytes.count)
        switch format {
        case .yaml: try YAMLReader.readParts(of: bytes, limits: limits, take)
        case .json: try JSONReader.readParts(of: bytes, limits: limits, take)
        }
        items = reader.items
        self.unread = hasOthers ? unread : unread.map { UnreadDocument(error: $0.error) }
    }
}
