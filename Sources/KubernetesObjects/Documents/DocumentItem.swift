// SPDX-License-Identifier: GPL-2.0-or-later
/// One object of a document: the document itself, or an item of the `List` that it is.
public struct DocumentItem: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        case object(KubernetesObject)
        /// Nothing is wrong with the object, and it is none of ours.
        case ignored(KubernetesObject.ID, IgnoredReason)
        /// An object of a kind that routing does not need, such as `apps/v1 Deployment`.
        case otherKind(String)
        /// Nothing of the object can be used: the rejections say why.
        case unusable(KubernetesObject.ID)
        /// The object is not what the API says an object of its kind is. Its name is there where it could be read.
        case refused(ObjectDecodingError, KubernetesObject.ID?)
    }

    /// What was left out of the object, and where it stands.
    public struct LocatedRejection: Hashable, Sendable {
        public var rejection: Rejection
        /// From 1.
        public var line: Int
    }

    /// The line that the object starts on, from 1.
    public var line: Int
    /// Where the object stands in its document: `items[3]`, or empty for the document itself.
    public var path: String
    public var outcome: Outcome
    public var rejections: [LocatedRejection] = []
}

extension DocumentNode {
    /// The objects of a document. An empty document has none.
    ///
    /// A list of a kind that routing does not need is one item.
    ///
    /// - Parameter limit: When there are more items, the rest is not looked at.
    public func kubernetesItems(interner: inout StringInterner, limit: Int = .max) -> [DocumentItem] {
        guard value != .null else { return [] }
        var items: [DocumentItem] = []
        readItems(path: "", inherited: nil, limit: limit, into: &items, &interner)
        return items
    }

    func readItems(
        path: String,
        inherited: ObjectType?,
        limit: Int,
        into items: inout [DocumentItem],
        _ interner: inout StringInterner
    ) {
        guard items.count <= limit else { return }
        do throws(ObjectDecodingError) {
            try requireMapping()
            let type = try ObjectType(self, inherited: inherited)
            guard let elementType = type.listElement else {
                items.append(try item(of: type, path: path, &interner))
                return
            }
            guard let list = field("items") else { return }
            guard case .sequence(let elements) = list.value else {
                throw ObjectDecodingError(list, wanted: "a list").inside("items")
            }
            for (index, element) in elements.enumerated() {
                let elementPath = (path.isEmpty ? "" : path + ".") + "items[\(index)]"
                element.readItems(path: elementPath, inherited: elementType, limit: limit, into: &items, &interner)
            }
        } catch {
            let located = path.isEmpty ? error : error.inside(path)
            items.append(DocumentItem(line: line, path: path, outcome: .refused(located, identity(inherited))))
        }
    }

    private func item(
        of type: ObjectType,
        path: String,
        _ interner: inout StringInterner
    ) throws(ObjectDecodingError) -> DocumentItem {
        switch type.kind {
        case .service?:
            let checked = try ServiceFields(self).checked()
            return item(checked, .service, path: path, KubernetesObject.service)
        case .endpointSlice?:
            let checked = try EndpointSliceFields(self).checked(interner: &interner)
            return item(checked, .endpointSlice, path: path, KubernetesObject.endpointSlice)
        case .node?:
            let checked = try NodeFields(self).checked(interner: &interner)
            return item(checked, .node, path: path, KubernetesObject.node)
        case nil:
            return DocumentItem(line: line, path: path, outcome: .otherKind(type.description))
        }
    }

    private func item<Object>(
        _ checked: CheckedObject<Object>,
        _ kind: KubernetesObject.Kind,
        path: String,
        _ wrap: (Object) -> KubernetesObject
    ) -> DocumentItem {
        let outcome: DocumentItem.Outcome
        if let object = checked.object {
            outcome = .object(wrap(object))
        } else {
            // The fields could be read, so the name is there.
            let id = KubernetesObject.ID(kind: kind, name: objectName(kind) ?? ObjectName(namespace: "", name: ""))
            outcome = checked.ignored.map { .ignored(id, $0) } ?? .unusable(id)
        }
        return DocumentItem(
            line: line,
            path: path,
            outcome: outcome,
            rejections: checked.rejections.map { rejection in
                DocumentItem.LocatedRejection(rejection: rejection, line: line(ofField: rejection.field))
            }
        )
    }

    /// Whether it has both a kind and an API version, right or wrong.
    var saysItsType: Bool { field("kind") != nil && field("apiVersion") != nil }

    /// Whose document this is, as far as that can be read of one that was refused.
    private func identity(_ inherited: ObjectType?) -> KubernetesObject.ID? {
        // Why it cannot be read is in the error that led here.
        guard let kind = (try? ObjectType(self, inherited: inherited))?.kind, let name = objectName(kind) else {
            return nil
        }
        return KubernetesObject.ID(kind: kind, name: name)
    }

    private func objectName(_ kind: KubernetesObject.Kind) -> ObjectName? {
        // As above.
        try? metadata(isNamespaced: kind != .node).name
    }
}
