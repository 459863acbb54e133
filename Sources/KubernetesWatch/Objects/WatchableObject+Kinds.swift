// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects
import KubernetesProto
import SwiftProtobuf

extension Service: WatchableObject {
    public static var kind: KubernetesObject.Kind { .service }

    public static func checked(
        _ document: DocumentNode,
        interner: inout StringInterner
    ) throws(ObjectDecodingError) -> CheckedObject<Service> {
        try ServiceFields(document).checked()
    }

    public static func checked(
        protobuf bytes: [UInt8],
        interner: inout StringInterner
    ) throws(ProtobufDecodingError) -> (metadata: ObservedMetadata, object: CheckedObject<Service>) {
        if let (metadata, fields) = try? ServiceFields.read(wire: bytes) { return (metadata, fields.checked()) }
        let message: ProtoService = try decoded(bytes)
        return (ObservedMetadata(message.metadata), ServiceFields(message).checked())
    }
}

extension EndpointSlice: WatchableObject {
    public static var kind: KubernetesObject.Kind { .endpointSlice }

    public static func checked(
        _ document: DocumentNode,
        interner: inout StringInterner
    ) throws(ObjectDecodingError) -> CheckedObject<EndpointSlice> {
        try EndpointSliceFields(document).checked(interner: &interner)
    }

    public static func checked(
        protobuf bytes: [UInt8],
        interner: inout StringInterner
    ) throws(ProtobufDecodingError) -> (metadata: ObservedMetadata, object: CheckedObject<EndpointSlice>) {
        if let (metadata, fields) = try? EndpointSliceFields.read(wire: bytes) {
            return (metadata, fields.checked(interner: &interner))
        }
        let message: ProtoEndpointSlice = try decoded(bytes)
        return (ObservedMetadata(message.metadata), EndpointSliceFields(message).checked(interner: &interner))
    }
}

extension Node: WatchableObject {
    public static var kind: KubernetesObject.Kind { .node }

    public static func checked(
        _ document: DocumentNode,
        interner: inout StringInterner
    ) throws(ObjectDecodingError) -> CheckedObject<Node> {
        try NodeFields(document).checked(interner: &interner)
    }

    public static func checked(
        protobuf bytes: [UInt8],
        interner: inout StringInterner
    ) throws(ProtobufDecodingError) -> (metadata: ObservedMetadata, object: CheckedObject<Node>) {
        let message: ProtoNode = try decoded(bytes)
        return (ObservedMetadata(message.metadata), NodeFields(message).checked(interner: &interner))
    }
}

private func decoded<Message: SwiftProtobuf.Message>(_ bytes: [UInt8]) throws(ProtobufDecodingError) -> Message {
    do {
        return try Message(serializedBytes: bytes, options: .trimming)
    } catch {
        throw ProtobufDecodingError(explanation: "\(error)")
    }
}
