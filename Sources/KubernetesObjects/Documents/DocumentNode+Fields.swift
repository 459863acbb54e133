// SPDX-License-Identifier: GPL-2.0-or-later
/// Reading the fields of an object. A field that is `null` counts as absent, as for the API; a field nobody asks for may
/// hold anything.
extension DocumentNode {
    /// The value of a field that is there and not `null`.
    func field(_ key: String) -> DocumentNode? {
        guard case .mapping(let entries) = value else { return nil }
        guard let found = entries.first(where: { $0.key == key })?.value, found.value != .null else { return nil }
        return found
    }

    func string(_ key: String) throws(ObjectDecodingError) -> String? {
        guard let field = field(key) else { return nil }
        return try inside(key) { () throws(ObjectDecodingError) in try field.asString() }
    }

    func integer(_ key: String) throws(ObjectDecodingError) -> Int64? {
        guard let field = field(key) else { return nil }
        guard case .integer(let value) = field.value else {
            throw ObjectDecodingError(field, wanted: "an integer").inside(key)
        }
        return value
    }

    func boolean(_ key: String) throws(ObjectDecodingError) -> Bool? {
        guard let field = field(key) else { return nil }
        guard case .bool(let value) = field.value else {
            throw ObjectDecodingError(field, wanted: "a boolean").inside(key)
        }
        return value
    }

    /// What `read` makes of the mapping under `key`.
    func object<Result>(
        _ key: String,
        _ read: (DocumentNode) throws(ObjectDecodingError) -> Result?
    ) throws(ObjectDecodingError) -> Result? {
        guard let field = field(key) else { return nil }
        return try inside(key) { () throws(ObjectDecodingError) in
            try field.requireMapping()
            return try read(field)
        }
    }

    /// What `read` makes of each mapping of the list under `key`; empty without the field.
    func objects<Element>(
        _ key: String,
        _ read: (DocumentNode) throws(ObjectDecodingError) -> Element
    ) throws(ObjectDecodingError) -> [Element] {
        try list(key) { element throws(ObjectDecodingError) in
            try element.requireMapping()
            return try read(element)
        }
    }

    /// The strings of the list under `key`; empty without the field.
    func strings(_ key: String) throws(ObjectDecodingError) -> [String] {
        try list(key) { element throws(ObjectDecodingError) in try element.asString() }
    }

    func requireMapping() throws(ObjectDecodingError) {
        guard case .mapping = value else { throw ObjectDecodingError(self, wanted: "a mapping") }
    }

    private func list<Element>(
        _ key: String,
        _ read: (DocumentNode) throws(ObjectDecodingError) -> Element
    ) throws(ObjectDecodingError) -> [Element] {
        guard let field = field(key) else { return [] }
        guard case .sequence(let nodes) = field.value else {
            throw ObjectDecodingError(field, wanted: "a list").inside(key)
        }
        var elements: [Element] = []
        elements.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            do throws(ObjectDecodingError) {
                elements.append(try read(node))
            } catch {
                throw error.inside("[\(index)]").inside(key)
            }
        }
        return elements
    }

    private func asString() throws(ObjectDecodingError) -> String {
        guard case .string(let text) = value else { throw ObjectDecodingError(self, wanted: "a string") }
        return text
    }

    private func inside<Result>(
        _ key: String,
        _ read: () throws(ObjectDecodingError) -> Result
    ) throws(ObjectDecodingError) -> Result {
        do throws(ObjectDecodingError) {
            return try read()
        } catch {
            throw error.inside(key)
        }
    }
}
