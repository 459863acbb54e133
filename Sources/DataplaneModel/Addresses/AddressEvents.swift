// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Notifications that addresses of interfaces have come or gone.
public struct AddressEvents: Hashable, Sendable {
    /// The addresses of some interface other than the dummy link may be others now.
    public var concernsNode: Bool
    /// For each address of the dummy link with a notification: whether it was there after the last one.
    public var dummyLink: [IPAddress: Bool]
    /// Notifications were lost, or the dummy link itself came or went: its addresses must be read.
    public var dummyLinkIsUnknown: Bool

    public init(
        concernsNode: Bool = false,
        dummyLink: [IPAddress: Bool] = [:],
        dummyLinkIsUnknown: Bool = false
    ) {
        self.concernsNode = concernsNode
        self.dummyLink = dummyLink
        self.dummyLinkIsUnknown = dummyLinkIsUnknown
    }

    public var isEmpty: Bool { !concernsNode && !concernsDummyLink }

    public var concernsDummyLink: Bool { dummyLinkIsUnknown || !dummyLink.isEmpty }

    /// Takes in what came after.
    public mutating func merge(_ later: AddressEvents) {
        concernsNode = concernsNode || later.concernsNode
        dummyLinkIsUnknown = dummyLinkIsUnknown || later.dummyLinkIsUnknown
        dummyLink.merge(later.dummyLink) { $1 }
    }
}
