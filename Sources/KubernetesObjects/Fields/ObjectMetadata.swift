// SPDX-License-Identifier: GPL-2.0-or-later
/// What is read of an object's `metadata`.
struct ObjectMetadata {
    let name: ObjectName
    /// Empty where it is no text: an object is not lost because of it.
    let creationTimestamp: String?
    let hasDeletionTimestamp: Bool
    /// The annotations that are settings of this program. An object is not lost because one of them is no text.
    let settingAnnotations: SettingAnnotations
    private let labels: DocumentNode?

    fileprivate init(_ document: DocumentNode, isNamespaced: Bool) throws(ObjectDecodingError) {
        guard let name = try document.string("name"), !name.isEmpty else {
            throw ObjectDecodingError(missing: "name", of: document, wanted: "the object's name")
        }
        // The namespace that `kubectl apply` uses when nobody says another.
        let namespace = isNamespaced ? try document.string("namespace") ?? "default" : ""
        self.name = ObjectName(namespace: namespace, name: name)
        creationTimestamp = document.field("creationTimestamp").map { time in
            if case .string(let text) = time.value { text } else { "" }
        }
        hasDeletionTimestamp = document.field("deletionTimestamp") != nil
        settingAnnotations = SettingAnnotations(document.field("annotations"))
        labels = try document.object("labels") { labels throws(ObjectDecodingError) in labels }
    }

    /// Whether the label is there. A `null` counts: for the API it is the empty value.
    func hasLabel(_ key: String) -> Bool {
        guard case .mapping(let entries)? = labels?.value else { return false }
        return entries.contains { $0.key == key }
    }

    func label(_ key: String) throws(ObjectDecodingError) -> String? {
        do throws(ObjectDecodingError) {
            return try labels?.string(key)
        } catch {
            // The key has dots of its own, so it stands in brackets.
            throw ObjectDecodingError(
                field: "metadata.labels[\(key)]",
                line: error.line,
                found: error.found,
                wanted: error.wanted
            )
        }
    }
}

extension DocumentNode {
    func metadata(isNamespaced: Bool) throws(ObjectDecodingError) -> ObjectMetadata {
        let metadata = try object("metadata") { metadata throws(ObjectDecodingError) in
            try ObjectMetadata(metadata, isNamespaced: isNamespaced)
        }
        guard let metadata else {
            throw ObjectDecodingError(missing: "metadata.name", of: self, wanted: "the object's name")
        }
        return metadata
    }
}
