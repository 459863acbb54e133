// SPDX-License-Identifier: GPL-2.0-or-later
/// What `apiVersion` and `kind` say. Other groups have a kind Service too, so both count.
struct ObjectType: CustomStringConvertible {
    var apiVersion: String
    var name: String

    private init(apiVersion: String, name: String) {
        self.apiVersion = apiVersion
        self.name = name
    }

    /// - Parameter inherited: What the list says of its items; those of a typed list need not say it again.
    init(_ document: DocumentNode, inherited: ObjectType?) throws(ObjectDecodingError) {
        guard let name = try document.string("kind") ?? inherited?.name else {
            throw ObjectDecodingError(missing: "kind", of: document, wanted: "the kind of object")
        }
        guard let apiVersion = try document.string("apiVersion") ?? inherited?.apiVersion else {
            throw ObjectDecodingError(missing: "apiVersion", of: document, wanted: "the API group and version")
        }
        self.init(apiVersion: apiVersion, name: name)
    }

    var description: String { "\(apiVersion.cutForMessage) \(name.cutForMessage)" }

    /// The kind that routing needs and this is.
    var kind: KubernetesObject.Kind? {
        KubernetesObject.Kind(rawValue: name).flatMap { $0.apiVersion == apiVersion ? $0 : nil }
    }

    /// For a list: what is known of its items. Of a plain `List` that is nothing: `Optional` in `Optional`.
    var listElement: ObjectType?? {
        if apiVersion == "v1", name == "List" { return .some(nil) }
        guard name.hasSuffix("List") else { return .none }
        let element = ObjectType(apiVersion: apiVersion, name: String(name.dropLast("List".count)))
        return element.kind == nil ? .none : .some(element)
    }
}
