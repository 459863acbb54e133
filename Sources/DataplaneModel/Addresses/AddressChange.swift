// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// One change to what makes virtual IPs the node's own: to the addresses of the dummy link, or to local routes.
public enum AddressChange: Hashable, Sendable {
    /// As `ip address add ADDRESS/32 dev kube-ipvs0` (`/128` for IPv6).
    case bind(IPAddress)
    /// As `ip address del ADDRESS/32 dev kube-ipvs0`.
    case unbind(IPAddress)
    /// Removes an address that is bound in another way, by all that was read of it.
    case removeStray(BoundAddress)
    /// As `ip route replace local ADDRESS dev lo table local proto 117 metric 117`.
    case addRoute(IPAddress)
    /// As `ip route del local ADDRESS dev lo table local proto 117 metric 117`.
    case removeRoute(IPAddress)
    /// Removes a route of the daemon's protocol number that the daemon does not write, by all that was read of it.
    case removeStrayRoute(LocalRoute)

    public var address: IPAddress {
        switch self {
        case .bind(let address), .unbind(let address), .addRoute(let address), .removeRoute(let address): address
        case .removeStray(let stray): stray.address
        case .removeStrayRoute(let stray): stray.address
        }
    }

    /// The family that the kernel keeps the object in.
    public var family: IPFamily {
        switch self {
        case .bind, .unbind, .addRoute, .removeRoute: address.family
        case .removeStray(let stray): stray.family
        case .removeStrayRoute(let stray): stray.family
        }
    }

    /// Whether it is a change to routes, and not to addresses.
    public var concernsRoute: Bool {
        switch self {
        case .bind, .unbind, .removeStray: false
        case .addRoute, .removeRoute, .removeStrayRoute: true
        }
    }
}

extension AddressChange {
    /// What makes a virtual IP the node's own.
    public static func adding(_ address: IPAddress, _ mode: VirtualIPMode) -> Self {
        switch mode {
        case .addresses: .bind(address)
        case .routes: .addRoute(address)
        }
    }

    /// What takes back `adding`.
    public static func removing(_ address: IPAddress, _ mode: VirtualIPMode) -> Self {
        switch mode {
        case .addresses: .unbind(address)
        case .routes: .removeRoute(address)
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
        case .addRoute(let address): "add local route \(address)"
        case .removeRoute(let address): "remove local route \(address)"
        case .removeStrayRoute(let stray): "remove route \(stray)"
        }
    }
}
