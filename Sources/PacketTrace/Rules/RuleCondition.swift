// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// One match of a rule.
struct RuleCondition: Hashable, Sendable {
    enum Match: Hashable, Sendable {
        case source(IPPrefix)
        case destination(IPPrefix)
        case transport(UInt8)
        /// A name, or with `+` at its end the beginning of one.
        case inLink(String)
        case outLink(String)
        case sourcePorts([ClosedRange<UInt16>])
        case destinationPorts([ClosedRange<UInt16>])
        /// `true` in `fromSource` where that part of the entry is taken from the packet's source.
        case set(String, fromSource: [Bool])
        case mark(UInt32, mask: UInt32)
        case states([String])
        case sourceType(String)
        case destinationType(String)
        case comesOverBridge
        /// Whether IPVS has handled the packet.
        case isOfIPVS
        /// What `-m ipvs` compares with the connection's virtual server; `nil` counts as equal.
        case virtualServer(address: IPPrefix?, port: UInt16?, transport: UInt8?)
        case tcpFlags(mask: [String], set: [String])
        /// A match that is not evaluated, as printed.
        case unknown(String)
    }

    var match: Match
    var isInverted = false
}

extension RuleCondition: CustomStringConvertible {
    /// Such as `source is not in 10.244.0.0/16`; sets are shown with the entry that was looked for.
    var description: String {
        let not = isInverted ? "not " : ""
        return switch match {
        case .source(let network): "source is \(not)in \(network)"
        case .destination(let network): "destination is \(not)in \(network)"
        case .transport(let number):
            "protocol is \(not)\(TransportProtocol(rawValue: number).map { "\($0)" } ?? "\(number)")"
        case .inLink(let name): "came \(not)by \(name)"
        case .outLink(let name): "goes \(not)by \(name)"
        case .sourcePorts(let ports): "source port is \(not)\(Self.text(ports))"
        case .destinationPorts(let ports): "port is \(not)\(Self.text(ports))"
        case .set(let name, _): "\(isInverted ? "not in" : "in") \(name)"
        case .mark(let value, let mask): "mark is \(not)0x\(String(value, radix: 16))/0x\(String(mask, radix: 16))"
        case .states(let states): "connection is \(not)\(states.joined(separator: " or "))"
        case .sourceType(let type): "source is \(not)\(type)"
        case .destinationType(let type): "destination is \(not)\(type)"
        case .comesOverBridge: "came \(not)over a port of a bridge"
        case .isOfIPVS: "\(not)handled by IPVS"
        case .virtualServer: "virtual server is \(not)that of the rule"
        case .tcpFlags: "flags are \(not)those of the rule"
        case .unknown(let text): isInverted ? "! \(text)" : text
        }
    }

    private static func text(_ ports: [ClosedRange<UInt16>]) -> String {
        ports.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound):\($0.upperBound)" }
            .joined(separator: " or ")
    }
}

extension RuleCondition {
    /// Whether the packet meets it; `nil` where that is not known.
    func isMet(by packet: TracedPacket, _ lookup: borrowing SetLookup, _ node: NodeView) -> Bool? {
        guard let answer = answer(packet, lookup, node) else { return nil }
        return answer != isInverted
    }

    private func answer(_ packet: TracedPacket, _ lookup: borrowing SetLookup, _ node: NodeView) -> Bool? {
        switch match {
        case .source(let network): return network.contains(packet.source)
        case .destination(let network): return network.contains(packet.destination)
        case .transport(let number): return packet.transport.rawValue == number
        case .inLink(let name): return Self.isNamed(packet.inLink, name)
        case .outLink(let name): return Self.isNamed(packet.outLink, name)
        case .sourcePorts(let ports):
            return packet.sourcePort.map { port in ports.contains { $0.contains(port) } }
        case .destinationPorts(let ports): return ports.contains { $0.contains(packet.destinationPort) }
        case .set(let name, let fromSource): return lookup.holds(name, fromSource, packet)
        case .mark(let value, let mask): return packet.mark & mask == value
        // It is the first packet of its connection, and nothing has translated it where these are asked.
        case .states(let states): return states.contains("NEW")
        case .sourceType(let type): return Self.isOfType(type, packet.source, node)
        case .destinationType(let type): return Self.isOfType(type, packet.destination, node)
        case .comesOverBridge: return packet.isBridged
        case .isOfIPVS: return packet.virtualServer != nil
        case .virtualServer(let address, let port, let transport):
            // `ipvs_mt` matches nothing that IPVS has not handled.
            guard let server = packet.virtualServer else { return false }
            return (address.map { $0.contains(server.address) } ?? true) && (port.map { $0 == server.port } ?? true)
                && (transport.map { $0 == server.transport.rawValue } ?? true)
        case .tcpFlags(let mask, let set):
            // The first packet of TCP has SYN alone.
            return packet.transport == .tcp && (mask.contains("SYN") ? set == ["SYN"] : set.isEmpty)
        case .unknown: return nil
        }
    }

    /// A packet that the node sends has no link that it came by, and matches no name.
    private static func isNamed(_ link: String?, _ name: String) -> Bool {
        guard let link else { return false }
        return name.hasSuffix("+") ? link.hasPrefix(name.dropLast()) : link == name
    }

    /// The types that the kernel tells from the routing tables; the others are not asked for.
    private static func isOfType(_ type: String, _ address: IPAddress, _ node: NodeView) -> Bool? {
        let isLocal = node.isLocal(address)
        return switch type {
        case "LOCAL": isLocal
        case "UNICAST": isLocal.map { !$0 && !address.isMulticast }
        case "MULTICAST": address.isMulticast
        default: nil
        }
    }
}
