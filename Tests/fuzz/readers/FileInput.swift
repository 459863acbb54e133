// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import IPVSListing
import KubeProxyConfig
import KubernetesObjects
import NodeStartup
import YAMLDocuments

@testable import KubernetesHTTP

/// Files that people and programs write.
enum FileInput {
    static func readJSON(_ bytes: [UInt8]) {
        guard let document = (try? JSONReader.read(bytes)) ?? nil else { return }
        // What was read can be written, and is the same when it is read again.
        let text = JSONValue(document).text
        guard let again = (try? JSONReader.read(text)) ?? nil else { fatalError("what was written is no JSON") }
        precondition(JSONValue(again) == JSONValue(document), "what was written means something else")
        if let parts = partsOfJSON(bytes) { precondition(parts == document, "read in parts it means something else") }
    }

    /// What a manifest's reader is handed, put together again.
    private static func partsOfJSON(_ bytes: [UInt8]) -> DocumentNode? {
        var items: [DocumentNode] = []
        var whole: DocumentNode?
        try? JSONReader.readParts(of: bytes, limits: TextLimits(bytes: bytes.count)) { part in
            switch part {
            case .item(let item, before: _): items.append(item)
            case .document(let document): whole = document
            case .failure: break
            }
            // Held, so that the limits are those of a text that is read whole.
            return true
        }
        guard var whole, case .mapping(var entries) = whole.value, !items.isEmpty else { return whole }
        for index in entries.indices where entries[index].key == "items" {
            entries[index].value.value = .sequence(items)
        }
        whole.value = .mapping(entries)
        return whole
    }

    static func readYAML(_ bytes: [UInt8]) {
        for document in (try? YAMLReader.read(bytes)) ?? [] {
            _ = JSONValue(document).text
        }
        _ = try? YAMLReader.firstDocument(bytes)
        var reader = DocumentItemReader(limit: 1000)
        var interner = StringInterner()
        try? YAMLReader.readParts(of: bytes, limits: TextLimits(bytes: bytes.count)) {
            (part) throws(DocumentSyntaxError) in try reader.take(part, interner: &interner)
        }
    }

    static func readConfiguration(_ bytes: [UInt8]) {
        _ = try? KubeProxyConfiguration.reading(yaml: String(decoding: bytes, as: UTF8.self))
    }

    static func readKubeconfig(_ bytes: [UInt8]) {
        _ = try? KubeconfigReader(bytes, file: "/nowhere/kubeconfig").kubeconfig.connection()
    }

    static func readCertificates(_ bytes: [UInt8]) {
        _ = PEMBlock.all(in: bytes)
        _ = CertificateBundle(pem: bytes)
    }

    static func readProcFiles(_ bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            _ = ConnectionEntry(line: line)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        _ = Capability.effective(status: text)
        _ = ProcessorList(text)
    }
}
