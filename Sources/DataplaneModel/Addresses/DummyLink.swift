public import Addressing

/// The device that carries the virtual IPs, so that the kernel takes their packets as its own.
public enum DummyLink {
    /// kube-proxy's name for it.
    public static let name = "kube-ipvs0"
}

/// One change to the addresses of the dummy link.
public enum AddressChange: Hashable, Sendable {
    /// As `ip address add ADDRESS/32 dev kube-ipvs0` (`/128` for IPv6).
    case bind(IPAddress)
    /// As `ip address del ADDRESS/32 dev kube-ipvs0`.
    case unbind(IPAddress)

    public var address: IPAddress {
        switch self {
        case .bind(let address), .unbind(let address): address
        }
    }
}

extension AddressChange: CustomStringConvertible {
    /// For a log.
    public var description: String {
        switch self {
        case .bind(let address): "bind \(address)"
        case .unbind(let address): "unbind \(address)"
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
