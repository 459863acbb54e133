// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesObjects

/// Writing documents as literals.
extension DocumentNode {
    package static func text(_ text: String) -> DocumentNode { DocumentNode(.string(text), line: 1) }
    package static func number(_ number: some BinaryInteger) -> DocumentNode {
        DocumentNode(.integer(Int64(number)), line: 1)
    }
    package static func flag(_ flag: Bool) -> DocumentNode { DocumentNode(.bool(flag), line: 1) }
    package static func list(_ nodes: [DocumentNode]) -> DocumentNode { DocumentNode(.sequence(nodes), line: 1) }
    package static func texts(_ texts: [String]) -> DocumentNode { list(texts.map(DocumentNode.text)) }

    /// A mapping of the fields that are not `nil`.
    package static func fields(_ fields: KeyValuePairs<String, DocumentNode?>) -> DocumentNode {
        DocumentNode(
            .mapping(
                fields.compactMap { key, value in value.map { DocumentNode.Entry(key: key, value: $0) } }
            ),
            line: 1
        )
    }

    /// The field at a path of keys; setting it makes the mappings on the way.
    package subscript(path: String...) -> DocumentNode? {
        get { path.reduce(self as DocumentNode?) { node, key in node?.entry(key) } }
        set { set(path[...], to: newValue) }
    }

    private func entry(_ key: String) -> DocumentNode? {
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.value
    }

    private mutating func set(_ path: ArraySlice<String>, to node: DocumentNode?) {
        guard let key = path.first else {
            if let node { self = node }
            return
        }
        var child: DocumentNode? = node
        if path.count > 1 {
            child = entry(key) ?? .fields([:])
            child?.set(path.dropFirst(), to: node)
        }
        var entries: [Entry] = []
        if case .mapping(let known) = value { entries = known }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            if let child { entries[index].value = child } else { entries.remove(at: index) }
        } else if let child {
            entries.append(Entry(key: key, value: child))
        }
        value = .mapping(entries)
    }

    package var text: String? {
        if case .string(let text) = value { text } else { nil }
    }
}
