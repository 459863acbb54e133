// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// An object as the server has it, and what could be used of it.
public struct ObservedObject<Object: Hashable & Sendable>: Hashable, Sendable {
    /// `nil` when it could not be read. Then the object is `nil` too, and a rejection says why.
    public var name: ObjectName?
    /// `nil` when the object is none of ours, or when nothing of it can be used.
    public var object: Object?
    public var rejections: [Rejection]
    /// The annotation `endpoints.kubernetes.io/last-change-trigger-time` of an EndpointSlice, as it is written.
    public var lastChangeTriggerTime: String?

    public init(
        name: ObjectName?,
        object: Object?,
        rejections: [Rejection] = [],
        lastChangeTriggerTime: String? = nil
    ) {
        self.name = name
        self.object = object
        self.rejections = rejections
        self.lastChangeTriggerTime = lastChangeTriggerTime
    }
}
