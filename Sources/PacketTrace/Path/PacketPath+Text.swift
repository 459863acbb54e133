// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

extension PacketPath {
    /// For a person, the verdict last.
    ///
    /// - Parameter origin: what the packet comes from, in the words of the question, such as `pod shop/cart-1`.
    public func lines(origin: String, names: TraceNames) -> [String] {
        var text = PathText(origin: origin, names: names)
        text.write(self)
        return text.lines
    }

    /// The verdict, and with what reservation.
    public var verdictLine: String {
        verdict.text
            + (isCertain ? "" : " (unless a rule decides first that is not evaluated here: see above)")
    }
}

private struct PathText {
    let origin: String
    let names: TraceNames
    private(set) var lines: [String] = []
    private var place = ""

    init(origin: String, names: TraceNames) {
        self.origin = origin
        self.names = names
    }

    mutating func write(_ path: PacketPath) {
        writeHead(path)
        for step in path.steps { write(step) }
        if let server = path.server { write(server, path) }
        for group in groups(of: path) { write(group, of: path.deliveries.count) }
        lines.append(path.verdictLine)
    }

    private mutating func writeHead(_ path: PacketPath) {
        let packet = path.packet
        let source = packet.sourcePort.map { packet.source.joined(port: $0) } ?? "\(packet.source)"
        let from = origin == source ? source : "\(origin) (\(source))"
        lines.append(
            "from \(from)\(packet.inLink.map { " by \($0)" } ?? "") to \(packet.target)")
        if let service = names.service {
            let port = names.port.isEmpty ? "" : ":\(names.port)"
            lines.append("  Service: \(service)\(port)\(names.kind.map { ", \($0)" } ?? "")")
        }
        for other in names.otherServices { lines.append("  wanted too by: \(other)") }
        if let absence = names.absence { lines.append("  names: \(absence)") }
    }

    private mutating func write(_ step: PacketPath.Step) {
        switch step {
        case .note(let words): line("note: \(words)")
        case .routing(let words): line("routing: \(words)")
        case .difference(let words): line("differs: \(words)")
        case .entry(let words): line("existing entry: \(words)")
        case .rule(let rule): write(rule)
        }
    }

    private mutating func line(_ words: String) {
        lines.append("  \(words)")
        place = ""
    }

    private mutating func write(_ step: RuleStep) {
        let place = "\(step.table.rawValue) \(step.hook.rawValue)\(step.variant.map { " of iptables-\($0)" } ?? "")"
        if place != self.place { lines.append("  \(place)") }
        self.place = place
        let number = step.number.map { " \($0)" } ?? ""
        let purpose = step.isOurs && step.chain == ServiceChain.markMasquerade.name ? ", to be masqueraded" : ""
        lines.append("    \(step.chain)\(number): \(step.why) → \(step.effect.words)\(purpose)")
        if !step.isOurs || step.effect == .notEvaluated, step.number != nil, !step.isPlainJump {
            lines.append("      rule: \(step.rule)")
        }
    }

    private mutating func write(_ server: ObservedVirtualServer, _ path: PacketPath) {
        let configuration = server.configuration
        let persistence =
            configuration.flags.contains(.persistent)
            ? "a client stays for \(configuration.persistenceTimeout) s" : "no persistence"
        let name =
            switch server.identity {
            case .address(let id): "\(id)"
            case .firewallMark(let mark, _): "firewall mark \(mark)"
            }
        line(
            "IPVS: \(name), scheduler \(configuration.scheduler), \(persistence), real servers: \(server.realServers.count)"
        )
        for realServer in server.realServers {
            lines.append(
                "    \(realServer.words)\(names.endpoints[realServer.realServer.id.address].map { ": \($0)" } ?? "")")
        }
    }

    /// Deliveries to which the same happens, by the first of each.
    private func groups(of path: PacketPath) -> [[Delivery]] {
        var order: [Delivery.Likeness] = []
        var groups: [Delivery.Likeness: [Delivery]] = [:]
        for delivery in path.deliveries {
            let likeness = delivery.likeness
            if groups[likeness] == nil { order.append(likeness) }
            groups[likeness, default: []].append(delivery)
        }
        return order.compactMap { groups[$0] }
    }

    private mutating func write(_ group: [Delivery], of count: Int) {
        guard let first = group.first else { return }
        place = ""
        if group.count < count {
            line("to \(group.map { "\($0.realServer.realServer.id)" }.joined(separator: ", ")):")
        }
        for step in first.steps { write(step) }
        for remark in first.remarks { line("note: \(remark)") }
        switch first.fate {
        case .arrives(let address):
            let seen = address.map { "\($0)" } ?? "an address of the node"
            line(
                "the endpoint sees \(seen) as its client"
                    + (first.isMasqueraded ? ": masqueraded" : ": as it came")
                    + (first.isHairpin ? ", for it is the client itself" : ""))
        case .lost(let words): line("lost: \(words)")
        }
    }
}

extension Delivery {
    /// What two deliveries have to have in common to be shown as one.
    fileprivate struct Likeness: Hashable {
        var fate: Fate
        var isHairpin: Bool
        var remarks: [String]
        var rules: [String]
    }

    fileprivate var likeness: Likeness {
        Likeness(
            fate: fate, isHairpin: isHairpin, remarks: remarks,
            rules: steps.map { "\($0.hook) \($0.table) \($0.chain) \($0.number ?? 0)" })
    }
}

extension RuleStep {
    /// Why the rule took the packet: what sets said, and its other matches.
    var why: String {
        if effect == .notEvaluated { return "not evaluated" }
        let words = sets.map(\.words) + reasons
        return words.isEmpty ? (number == nil ? rule : "always") : words.joined(separator: ", ")
    }

    fileprivate var isPlainJump: Bool {
        if case .jumped = effect { true } else { false }
    }
}

extension RuleStep.SetFact {
    var words: String {
        switch isMember {
        case true?: "\(set) holds \(entry)"
        case false?: "\(set) does not hold \(entry)"
        case nil: "\(set) could not be asked for \(entry)"
        }
    }
}

extension RuleStep.Effect {
    var words: String {
        switch self {
        case .accepted: "accepted"
        case .returned: "back"
        case .jumped(let chain): chain
        case .marked(let mark): "mark 0x\(String(mark, radix: 16))"
        case .dropped: "dropped"
        case .rejected: "rejected"
        case .diverted: "sent elsewhere"
        case .masqueraded: "masqueraded"
        case .notEvaluated: "may decide"
        }
    }
}

extension ObservedRealServer {
    /// Such as `10.244.1.11:8080 of weight 1, 2 active and 0 inactive connections`.
    fileprivate var words: String {
        "\(realServer.id) of weight \(realServer.weight), \(activeConnections) active and \(inactiveConnections) inactive "
            + "connections" + (takesConnections ? "" : ": takes no new ones")
    }
}
