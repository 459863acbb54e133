// SPDX-License-Identifier: GPL-2.0-or-later
/// Something in an object that cannot be used and was left out alone.
public struct Rejection: Hashable, Sendable {
    /// Why, as a bounded set: for metric labels.
    public enum Reason: String, CaseIterable, Hashable, Sendable {
        case invalidAddress = "invalid_address"
        case invalidNetwork = "invalid_network"
        case invalidPort = "invalid_port"
        case invalidTimeout = "invalid_timeout"
        case unknownProtocol = "unknown_protocol"
        case unknownValue = "unknown_value"
        case invalidAnnotation = "invalid_annotation"
        case wrongFamily = "wrong_family"
        case missingField = "missing_field"
        case duplicate
        /// Nothing of the object could be read.
        case malformed
    }

    /// `Service`, `EndpointSlice` or `Node`.
    public var kind: String
    public var object: ObjectName
    /// The path of the field, such as `spec.ports[0].port`.
    public var field: String
    public var reason: Reason
    /// The value and what is wrong with it, as a sentence for a person.
    public var explanation: String

    public init(kind: String, object: ObjectName, field: String, reason: Reason, explanation: String) {
        self.kind = kind
        self.object = object
        self.field = field
        self.reason = reason
        self.explanation = explanation
    }
}

extension Rejection: CustomStringConvertible {
    public var description: String { "\(kind) \(object): \(field): \(explanation)" }
}
