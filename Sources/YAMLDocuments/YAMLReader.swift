// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// Reads YAML 1.1 as Kubernetes does, for every file in this language: manifests, kubeconfigs and the configuration.
///
/// JSON is YAML, too. A byte order mark is no part of the text, the merge key `<<` is followed, and anchors hold for their
/// document. Whatever is in the text, reading it takes time in proportion to the limits, and no more stack than usual.
public enum YAMLReader {
    /// The documents that the text holds, in their order. Empty documents are left out.
    public static func read(
        _ bytes: [UInt8],
        limits: DocumentLimits = .file
    ) throws(DocumentSyntaxError) -> [DocumentNode] {
        try withEvents(of: bytes, limits) { events throws(DocumentSyntaxError) in
            var composer = YAMLComposer<DocumentNode>(limits: limits)
            var documents: [DocumentNode] = []
            while let document = try composer.document(from: &events) {
                if document.value != .null { documents.append(document) }
            }
            return documents
        }
    }

    /// The documents that the text holds, as above.
    public static func read(_ text: String) throws(DocumentSyntaxError) -> [DocumentNode] {
        try read(Array(text.utf8))
    }

    /// The first document, with its scalars as they were written and with keys that are given again. What comes after it is
    /// not looked at. `nil` when the text has no document.
    public static func firstDocument(
        _ bytes: [UInt8],
        limits: DocumentLimits = .file
    ) throws(DocumentSyntaxError) -> YAMLNode? {
        try withEvents(of: bytes, limits) { events throws(DocumentSyntaxError) in
            var composer = YAMLComposer<YAMLNode>(limits: limits)
            return try composer.document(from: &events)
        }
    }

    private static func withEvents<Result>(
        of bytes: [UInt8],
        _ limits: DocumentLimits,
        _ body: (inout YAMLEvents) throws(DocumentSyntaxError) -> Result
    ) throws(DocumentSyntaxError) -> Result {
        let text = try limits.text(of: bytes)
        return unsafe try text.withUnsafeBufferPointer { buffer throws(DocumentSyntaxError) in
            var events = unsafe try YAMLEvents(buffer, limits)
            return try body(&events)
        }
    }
}
