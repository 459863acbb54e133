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

/// The documents of a manifest's bytes.
enum ManifestContent {
    /// An object takes 200 bytes of a file at least, so only a file full of mistakes has more, and each is a report.
    private static let mostObjects = 50_000

    /// The objects of a manifest.
    static func items(
        of bytes: [UInt8],
        format: ManifestFormat,
        interner: inout StringInterner
    ) throws(DocumentSyntaxError) -> [DocumentItem] {
        var items: [DocumentItem] = []
        for document in try documents(of: bytes, format: format) {
            items += document.kubernetesItems(interner: &interner, limit: mostObjects - items.count)
            guard items.count <= mostObjects else {
                throw DocumentSyntaxError(line: document.line, reason: "more than \(mostObjects) objects")
            }
        }
        return items
    }

    static func documents(
        of bytes: [UInt8],
        format: ManifestFormat
    ) throws(DocumentSyntaxError) -> [DocumentNode] {
        switch format {
        case .yaml: return try YAMLReader.read(bytes)
        case .json: return try JSONReader.read(DocumentLimits.file.text(of: bytes)).map { [$0] } ?? []
        }
    }
}
