// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// A kind of object that can be listed and watched.
public protocol WatchableObject: Hashable, Sendable {
    static var kind: KubernetesObject.Kind { get }

    /// The object of a document of the kind, checked.
    static func checked(
        _ document: DocumentNode,
        interner: inout StringInterner
    ) throws(ObjectDecodingError) -> CheckedObject<Self>

    /// The object of a protobuf message of the kind, checked, and its metadata.
    static func checked(
        protobuf bytes: [UInt8],
        interner: inout StringInterner
    ) throws(ProtobufDecodingError) -> (metadata: ObservedMetadata, object: CheckedObject<Self>)
}

/// Why a protobuf message could not be decoded, in the words of the decoder.
public struct ProtobufDecodingError: Error, Hashable, Sendable {
    public var explanation: String

    public init(explanation: String) {
        self.explanation = explanation
    }
}

/// What is read of an object's `metadata` for the watch's own ends.
public struct ObservedMetadata: Hashable, Sendable {
    /// `nil` when there is no name.
    public var name: ObjectName?
    /// `nil` when there is none.
    public var version: ResourceVersion?
    /// The annotation `endpoints.kubernetes.io/last-change-trigger-time`.
    public var lastChangeTriggerTime: String?

    public init(name: ObjectName?, version: ResourceVersion?, lastChangeTriggerTime: String? = nil) {
        self.name = name
        self.version = version
        self.lastChangeTriggerTime = lastChangeTriggerTime
    }

    static let triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time"
}
