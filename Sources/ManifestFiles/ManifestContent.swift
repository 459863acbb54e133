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
    static func documents(
        of bytes: [UInt8],
        format: ManifestFormat
    ) throws(DocumentSyntaxError) -> [DocumentNode] {
        let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
        let content = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes
        guard let text = String(validating: content, as: UTF8.self) else {
            throw DocumentSyntaxError(line: lineOfInvalidUTF8(in: content), reason: "bytes that are not UTF-8")
        }
        switch format {
        case .yaml: return try YAMLReader.read(text)
        case .json: return try JSONReader.read(content).map { [$0] } ?? []
        }
    }

    private static func lineOfInvalidUTF8(in bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // No byte of a longer UTF-8 sequence is a line feed, so the lines can be looked at one by one.
        let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return (index ?? 0) + 1
    }
}
