// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What objects are called that a trace meets.
public struct TraceNames: Hashable, Sendable {
    /// Such as `shop/checkout`; `nil` where it is not known.
    public var service: String?
    /// The name of the Service's port; empty where it has none.
    public var port = ""
    /// By what the Service has the address, such as `load balancer IP`.
    public var kind: String?
    /// Others that want the same address and port.
    public var otherServices: [String] = []
    /// By address, what endpoints stand for, such as `pod shop/checkout-1 on node-3`.
    public var endpoints: [IPAddress: String] = [:]
    /// Why names are missing.
    public var absence: String?

    public init() {}

    public static func absent(_ reason: String) -> TraceNames {
        var names = TraceNames()
        names.absence = reason
        return names
    }
}
