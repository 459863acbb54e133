// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Looks for packets in sets, and remembers what was looked for.
struct SetLookup {
    /// What was asked of a set.
    struct Question: Hashable, Sendable {
        var set: String
        var entry: IPSetEntry
    }

    private let node: NodeView
    private let names: [String: ServiceSet]

    init(_ node: NodeView, _ family: IPFamily) {
        self.node = node
        names = Dictionary(
            ServiceSet.allCases.map { ($0.name(for: family), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// `nil` for a set of others, whose type is not known, and where the kernel could not be asked.
    func holds(_ name: String, _ fromSource: [Bool], _ packet: TracedPacket) -> Bool? {
        entry(name, fromSource, packet).flatMap { node.isMember($0.set, $0.entry) }
    }

    /// What a rule looks for: the address, port and second address that the set's type has, each from the side that the rule says.
    func entry(_ name: String, _ fromSource: [Bool], _ packet: TracedPacket) -> Question? {
        guard let set = names[name] else { return nil }
        func address(at index: Int) -> IPAddress? {
            index < fromSource.count ? (fromSource[index] ? packet.source : packet.destination) : nil
        }
        func port(at index: Int) -> UInt16? {
            index < fromSource.count ? (fromSource[index] ? packet.sourcePort : packet.destinationPort) : nil
        }
        let entry: IPSetEntry? =
            switch (set.type, address(at: 0), port(at: 1), address(at: 2)) {
            case (.bitmapPort, _, _, _): port(at: 0).map { .port($0) }
            case (.hashIP, let first?, _, _): .ip(first)
            case (.hashIPPort, let first?, let port?, _): .ipPort(first, packet.transport, port)
            case (.hashIPPortIP, let first?, let port?, let second?):
                .ipPortIP(first, packet.transport, port, second)
            // The kernel looks for a whole address under every length that the set has (`mtype_test_cidrs`).
            case (.hashIPPortNet, let first?, let port?, let second?):
                .ipPortNet(first, packet.transport, port, IPPrefix(host: second))
            default: nil
            }
        return entry.map { Question(set: name, entry: $0) }
    }
}
