// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// Finds the names that a listing without `--numeric` shows.
public protocol NameResolver {
    /// The host's name, or `nil` to show its address.
    mutating func hostName(of address: IPAddress) -> String?

    /// The name of a port, such as `https`, or `nil` to show its number.
    mutating func serviceName(of port: UInt16, _ transport: TransportProtocol) -> String?
}

/// Knows no name, so addresses and ports are shown as numbers: `--numeric`.
public struct NumericNames: NameResolver {
    public init() {}

    public func hostName(of address: IPAddress) -> String? { nil }

    public func serviceName(of port: UInt16, _ transport: TransportProtocol) -> String? { nil }
}
