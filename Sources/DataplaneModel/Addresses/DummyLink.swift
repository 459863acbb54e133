// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// The device that carries the virtual IPs, so that the kernel takes their packets as its own.
public enum DummyLink {
    /// kube-proxy's name for it.
    public static let name = "kube-ipvs0"

    /// Whether an unwanted address stays on the link, as with kube-proxy. Loopback addresses do, and link-local ones of
    /// IPv6, which the kernel itself gives to a link that comes up.
    public static func keepsUnwanted(_ address: IPAddress) -> Bool {
        address.isLoopback || address.family == .v6 && address.isLinkLocalUnicast
    }
}

/// An address of one of the node's own interfaces, the dummy link among them.
public struct InterfaceAddress: Hashable, Sendable {
    public var address: IPAddress
    public var interface: String

    public init(address: IPAddress, interface: String) {
        self.address = address
        self.interface = interface
    }
}
