// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesProto
import SwiftProtobuf
import Synchronization

/// Makes objects of what the server sends. One that cannot be decoded comes as its name and a rejection, so that it harms
/// no other.
final class ObjectDecoder<Object: WatchableObject>: Sendable {
    /// Lists and watches follow one another, and the names that they repeat are the same ones.
    private let interner = Mutex(StringInterner())

    func decode(protobuf bytes: [UInt8]) -> (object: ObservedObject<Object>, version: ResourceVersion?) {
        interner.withLock { interner in
            do throws(ProtobufDecodingError) {
                let (metadata, checked) = try Object.checked(protobuf: bytes, interner: &interner)
                return (observed(metadata, checked), metadata.version)
            } catch {
                // Whose message it is may still be readable; if not, it stays unknown.
                let header = try? ProtoObjectHeader(serializedBytes: bytes, options: .trimming)
                let metadata = header.map { ObservedMetadata($0.metadata) }
                return (refused(metadata, field: "", explanation: error.explanation), metadata?.version)
            }
        }
    }

    func decode(_ document: DocumentNode) -> (object: ObservedObject<Object>, version: ResourceVersion?) {
        let metadata = ObservedMetadata(document, isNamespaced: Object.kind != .node)
        return interner.withLock { interner in
            do throws(ObjectDecodingError) {
                let checked = try Object.checked(document, interner: &interner)
                return (observed(metadata, checked), metadata.version)
            } catch {
                return (refused(metadata, field: error.field, explanation: error.explanation), metadata.version)
            }
        }
    }

    private func observed(_ metadata: ObservedMetadata, _ checked: CheckedObject<Object>) -> ObservedObject<Object> {
        guard metadata.name != nil else {
            return refused(metadata, field: "metadata.name", explanation: "found nothing, want the object's name")
        }
        return ObservedObject(
            name: metadata.name,
            object: checked.object,
            rejections: checked.rejections,
            lastChangeTriggerTime: metadata.lastChangeTriggerTime
        )
    }

    private func refused(
        _ metadata: ObservedMetadata?,
        field: String,
        explanation: String
    ) -> ObservedObject<Object> {
        let rejection = Rejection(
            kind: Object.kind.rawValue,
            object: metadata?.name ?? ObjectName(namespace: "", name: "(unknown)"),
            field: field,
            reason: .malformed,
            explanation: explanation
        )
        return ObservedObject(name: metadata?.name, object: nil, rejections: [rejection])
    }
}

extension ObservedMetadata {
    /// - Parameter isNamespaced: Whether objects of the kind are in a namespace, which is `default` where it is not said.
    init(_ document: DocumentNode, isNamespaced: Bool) {
        let metadata = document["metadata"]
        let version = metadata?["resourceVersion"]?.text ?? ""
        var objectName: ObjectName?
        if let name = metadata?["name"]?.text, !name.isEmpty {
            let namespace = isNamespaced ? metadata?["namespace"]?.text ?? "default" : ""
            objectName = ObjectName(namespace: namespace, name: name)
        }
        self.init(
            name: objectName,
            version: version.isEmpty ? nil : ResourceVersion(rawValue: version),
            lastChangeTriggerTime: metadata?["annotations"]?[Self.triggerTimeAnnotation]?.text
        )
    }
}
