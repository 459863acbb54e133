// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Notifications that addresses of interfaces, or routes of virtual IPs, have come or gone.
public struct AddressEvents: Hashable, Sendable {
    /// The addresses of some interface other than the dummy link may be others now.
    public var concernsNode: Bool
    /// For each address of the dummy link with a notification: whether it was there after the last one.
    public var dummyLink: [IPAddress: Bool]
    /// For each virtual IP of whose route there was a notification: whether it was there after the last one.
    public var routes: [IPAddress: Bool]
    /// Notifications were lost, or something happened that the kernel has no notification of, such as the routes that go
    /// with a link. All must be read.
    public var virtualIPsAreUnknown: Bool

    public init(
        concernsNode: Bool = false,
        dummyLink: [IPAddress: Bool] = [:],
        routes: [IPAddress: Bool] = [:],
        virtualIPsAreUnknown: Bool = false
    ) {
        self.concernsNode = concernsNode
        self.dummyLink = dummyLink
        self.routes = routes
        self.virtualIPsAreUnknown = virtualIPsAreUnknown
    }

    public var isEmpty: Bool { !concernsNode && !concernsVirtualIPs }

    public var concernsVirtualIPs: Bool { virtualIPsAreUnknown || !dummyLink.isEmpty || !routes.isEmpty }

    /// Takes in what came after.
    public mutating func merge(_ later: AddressEvents) {
        concernsNode = concernsNode || later.concernsNode
        virtualIPsAreUnknown = virtualIPsAreUnknown || later.virtualIPsAreUnknown
        dummyLink.merge(later.dummyLink) { $1 }
        routes.merge(later.routes) { $1 }
    }
}
