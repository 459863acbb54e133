// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// The first packet of a new connection, as it is at one point of its way.
public struct TracedPacket: Hashable, Sendable {
    public var transport: TransportProtocol
    public var source: IPAddress
    /// Host byte order; `nil` where any will do.
    public var sourcePort: UInt16?
    public var destination: IPAddress
    public var destinationPort: UInt16
    /// The packet's mark, as rules on the way have set it.
    public var mark: UInt32 = 0
    /// The link that it came in by; `nil` for what the node itself sends, or where that is not known.
    public var inLink: String?
    /// Whether it came over a port of a bridge, and rules are told so.
    public var isBridged = false
    public var outLink: String?
    /// What it was sent to, once IPVS has put a real server in its place.
    public var virtualServer: VirtualServer.ID?

    public init(
        _ transport: TransportProtocol,
        from source: IPAddress,
        port sourcePort: UInt16? = nil,
        to destination: IPAddress,
        port destinationPort: UInt16
    ) {
        self.transport = transport
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
    }

    var family: IPFamily { destination.family }

    var target: VirtualServer.ID {
        VirtualServer.ID(address: destination, port: destinationPort, transport: transport)
    }
}
