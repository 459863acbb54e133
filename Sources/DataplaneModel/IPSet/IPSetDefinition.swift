// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A set without its members.
public struct IPSetDefinition: Hashable, Sendable {
    public var name: String
    public var type: IPSetType
    public var family: IPFamily
    /// How many members the kernel takes; only for hash types.
    public var maximumElements: UInt32

    /// What kube-proxy gives each hash set.
    public static let defaultMaximumElements: UInt32 = 65_536

    public init(
        name: String,
        type: IPSetType,
        family: IPFamily,
        maximumElements: UInt32 = IPSetDefinition.defaultMaximumElements
    ) {
        self.name = name
        self.type = type
        self.family = family
        self.maximumElements = maximumElements
    }

    public init(_ set: ServiceSet, _ family: IPFamily, maximumElements: UInt32 = defaultMaximumElements) {
        self.init(name: set.name(for: family), type: set.type, family: family, maximumElements: maximumElements)
    }
}
