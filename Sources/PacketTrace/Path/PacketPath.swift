// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// The way of the first packet of a connection through a node, and what comes of it.
public struct PacketPath: Hashable, Sendable {
    public enum Step: Hashable, Sendable {
        /// A remark in words.
        case note(String)
        case rule(RuleStep)
        /// What the kernel's routing says of the destination.
        case routing(String)
        /// Something on the node is not as this proxy makes it.
        case difference(String)
        /// The kernel knows a connection of just this tuple already.
        case entry(String)
    }

    /// The packet as it came.
    public var packet: TracedPacket
    public var steps: [Step] = []
    /// What IPVS has for the destination.
    public var server: ObservedVirtualServer?
    /// Real servers that the connection may get, each with what becomes of it there.
    public var deliveries: [Delivery] = []
    public var verdict = PathVerdict(.notAService, "")
    /// Whether no rule that may decide was passed over.
    public var isCertain = true
}

/// What becomes of a packet with one real server.
public struct Delivery: Hashable, Sendable {
    public enum Fate: Hashable, Sendable {
        /// It arrives, and the endpoint sees this address as its client's; `nil` for one that is not known.
        case arrives(as: IPAddress?)
        case lost(String)
    }

    public var realServer: ObservedRealServer
    public var fate: Fate
    /// Whether the client is the endpoint itself.
    public var isHairpin: Bool
    public var isMasqueraded: Bool
    /// Rules that it meets on the way there.
    public var steps: [RuleStep]
    public var remarks: [String] = []
}

/// How a packet's way ends, in one line.
public struct PathVerdict: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// An endpoint gets it.
        case reaches
        /// The client is told at once that nobody is there.
        case refused
        /// The client hears nothing.
        case dropped
        /// The destination is none of the node's addresses.
        case notLocal
        /// It comes to the node itself, where no Service has that port.
        case notAService
        /// A rule of others sends it elsewhere.
        case diverted
    }

    public var outcome: Outcome
    public var text: String

    public init(_ outcome: Outcome, _ text: String) {
        self.outcome = outcome
        self.text = text
    }

    public var isGood: Bool { outcome == .reaches }
}
