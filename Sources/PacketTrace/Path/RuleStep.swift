// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// A place in the kernel at which rules see a packet.
public enum PacketHook: String, Hashable, Sendable {
    case prerouting = "PREROUTING"
    case input = "INPUT"
    case output = "OUTPUT"
    case postrouting = "POSTROUTING"
}

/// A rule that took a packet, or may take it.
public struct RuleStep: Hashable, Sendable {
    public enum Effect: Hashable, Sendable {
        case accepted
        case returned
        case jumped(String)
        /// With what the mark is from then on.
        case marked(UInt32)
        case dropped
        case rejected
        case diverted
        case masqueraded
        /// It has a match or target that is not known here.
        case notEvaluated
    }

    /// What a set was asked.
    public struct SetFact: Hashable, Sendable {
        public var set: String
        public var entry: IPSetEntry
        /// `nil` where the kernel could not be asked.
        public var isMember: Bool?
    }

    public var hook: PacketHook
    public var table: ListedRules.Table
    public var chain: String
    /// From 1; `nil` for the chain's policy.
    public var number: Int?
    /// As iptables prints it, without `-A CHAIN`.
    public var rule: String
    /// Which variant of iptables has it, where it is not the one that the daemon uses.
    public var variant: String?
    /// Whether it is a rule of the proxy's.
    public var isOurs: Bool
    public var effect: Effect
    /// What sets decided: those of the rule; where it takes all packets, those of the rules above it that did not take this one
    /// for want of an entry.
    public var sets: [SetFact]
    /// The rule's other matches, in words.
    public var reasons: [String]
}
