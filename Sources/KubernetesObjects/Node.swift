// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What Service routing needs of a v1 Node.
public struct Node: Hashable, Sendable {
    public var name: String
    /// `status.addresses` of type InternalIP and ExternalIP, in their order.
    public var addresses: [IPAddress]
    public var podCIDRs: [IPPrefix]
    /// From the label `topology.kubernetes.io/zone`.
    public var zone: String?
    /// Has a `deletionTimestamp`, or the taint `ToBeDeletedByClusterAutoscaler`.
    public var isBeingDeleted: Bool

    public init(
        name: String,
        addresses: [IPAddress] = [],
        podCIDRs: [IPPrefix] = [],
        zone: String? = nil,
        isBeingDeleted: Bool = false
    ) {
        self.name = name
        self.addresses = addresses
        self.podCIDRs = podCIDRs
        self.zone = zone
        self.isBeingDeleted = isBeingDeleted
    }
}
