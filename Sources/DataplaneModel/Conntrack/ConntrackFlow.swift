// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A flow that the kernel tracks, and what network address translation makes of it.
public struct ConntrackFlow: Hashable, Sendable, BitwiseCopyable {
    /// Where packets of one direction come from and go to.
    public struct Tuple: Hashable, Sendable, BitwiseCopyable {
        public var source: IPAddress
        /// Host byte order, as `destinationPort`.
        public var sourcePort: UInt16
        public var destination: IPAddress
        public var destinationPort: UInt16

        public init(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16) {
            self.source = source
            self.sourcePort = sourcePort
            self.destination = destination
            self.destinationPort = destinationPort
        }
    }

    public var transport: TransportProtocol
    /// As the first packet was before any translation.
    public var original: Tuple
    /// As answers are before any translation: their source is the endpoint.
    public var reply: Tuple
    /// The conntrack zone of both directions; 0 is the default one.
    public var zone: UInt16
    /// The zone where it is one of the original direction alone.
    public var originalZone: UInt16?
    /// Tells this flow from a later one with the same tuples, unless that one lies where this one lay in the kernel's memory
    /// (`nf_ct_get_id`).
    public var id: UInt32?

    public init(
        transport: TransportProtocol,
        original: Tuple,
        reply: Tuple,
        zone: UInt16 = 0,
        originalZone: UInt16? = nil,
        id: UInt32? = nil
    ) {
        self.transport = transport
        self.original = original
        self.reply = reply
        self.zone = zone
        self.originalZone = originalZone
        self.id = id
    }

    /// What the client sent to.
    public var server: VirtualServer.ID {
        VirtualServer.ID(address: original.destination, port: original.destinationPort, transport: transport)
    }

    /// The source of the answers.
    public var endpoint: RealServer.ID {
        RealServer.ID(address: reply.source, port: reply.sourcePort)
    }
}

extension ConntrackFlow: CustomStringConvertible {
    /// Such as `UDP 10.0.0.9:1234 to 10.96.0.10:53, answered by 10.244.1.7:53`.
    public var description: String {
        let client = RealServer.ID(address: original.source, port: original.sourcePort)
        let target = RealServer.ID(address: original.destination, port: original.destinationPort)
        return "\(transport) \(client) to \(target), answered by \(endpoint)"
    }
}

/// Which flows are looked at.
public struct ConntrackFilter: Hashable, Sendable {
    public var family: IPFamily
    public var transport: TransportProtocol
    /// Only those to this address and port; `nil` for all.
    public var server: VirtualServer.ID?

    public init(_ family: IPFamily, _ transport: TransportProtocol) {
        self.family = family
        self.transport = transport
    }

    public init(server: VirtualServer.ID) {
        family = server.family
        transport = server.transport
        self.server = server
    }

    public func matches(_ flow: ConntrackFlow) -> Bool {
        flow.transport == transport && flow.original.destination.family == family
            && (server.map { $0 == flow.server } ?? true)
    }
}

/// What looking through the tracked flows came to.
public struct ConntrackSweep: Hashable, Sendable {
    /// Flows that the kernel handed over.
    public var examined: Int
    public var deleted: Int
    public var duration: Duration

    public init(examined: Int = 0, deleted: Int = 0, duration: Duration = .zero) {
        self.examined = examined
        self.deleted = deleted
        self.duration = duration
    }

    public static func += (lhs: inout ConntrackSweep, rhs: ConntrackSweep) {
        lhs.examined += rhs.examined
        lhs.deleted += rhs.deleted
        lhs.duration += rhs.duration
    }
}
