// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A member of a set. Each case is the form of one set type.
public enum IPSetEntry: Hashable, Sendable, BitwiseCopyable {
    /// Of `bitmap:port`.
    case port(UInt16)
    /// Of `hash:ip`.
    case ip(IPAddress)
    /// Of `hash:ip,port`.
    case ipPort(IPAddress, TransportProtocol, UInt16)
    /// Of `hash:ip,port,ip`.
    case ipPortIP(IPAddress, TransportProtocol, UInt16, IPAddress)
    /// Of `hash:ip,port,net`.
    case ipPortNet(IPAddress, TransportProtocol, UInt16, IPPrefix)
}

extension IPSetEntry: CustomStringConvertible {
    /// The text that ipset reads and prints, such as `10.0.0.1,tcp:443,10.0.0.1`.
    public var description: String {
        switch self {
        case .port(let port): "\(port)"
        case .ip(let address): "\(address)"
        case .ipPort(let address, let transport, let port):
            "\(address),\(transport.lowercaseName):\(port)"
        case .ipPortIP(let address, let transport, let port, let second):
            "\(address),\(transport.lowercaseName):\(port),\(second)"
        case .ipPortNet(let address, let transport, let port, let network):
            "\(address),\(transport.lowercaseName):\(port),\(network)"
        }
    }
}

/// One change to the members of a set.
public enum IPSetChange: Hashable, Sendable {
    case add(IPSetEntry, to: IPSetDefinition)
    case remove(IPSetEntry, from: IPSetDefinition)
}

extension IPSetChange {
    public var entry: IPSetEntry {
        switch self {
        case .add(let entry, to: _), .remove(let entry, from: _): entry
        }
    }
}

extension IPSetChange: CustomStringConvertible {
    /// For a log, such as `add 10.96.0.10,tcp:80 to KUBE-CLUSTER-IP`.
    public var description: String {
        switch self {
        case .add(let entry, to: let set): "add \(entry) to \(set.name)"
        case .remove(let entry, from: let set): "remove \(entry) from \(set.name)"
        }
    }
}
