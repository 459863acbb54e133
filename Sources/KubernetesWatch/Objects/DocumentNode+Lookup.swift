// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Reading what may or may not be there, of documents that are not one of the objects.
extension DocumentNode {
    subscript(key: String) -> DocumentNode? {
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.value
    }

    var text: String? {
        if case .string(let text) = value { text } else { nil }
    }

    var integer: Int64? {
        if case .integer(let number) = value { number } else { nil }
    }

    var elements: [DocumentNode] {
        if case .sequence(let nodes) = value { nodes } else { [] }
    }
}
