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

/// One change to the addresses of the dummy link.
public enum AddressChange: Hashable, Sendable {
    /// As `ip address add ADDRESS/32 dev kube-ipvs0` (`/128` for IPv6).
    case bind(IPAddress)
    /// As `ip address del ADDRESS/32 dev kube-ipvs0`.
    case unbind(IPAddress)
    /// Removes an address that is bound in another way, by all that was read of it.
    case removeStray(BoundAddress)

    public var address: IPAddress {
        switch self {
        case .bind(let address), .unbind(let address): address
        case .removeStray(let stray): stray.address
        }
    }
}

extension AddressChange: CustomStringConvertible {
    /// For a log.
    public var description: String {
        switch self {
        case .bind(let address): "bind \(address)"
        case .unbind(let address): "unbind \(address)"
        case .removeStray(let stray): "remove \(stray)"
        }
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
