// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
package import KubernetesObjects

extension PacketPath {
    /// The members of the document, after its list `steps`: `docs/inspection.md` has the schema.
    package func members(origin: String, names: TraceNames) -> [JSONValue.Member] {
        [
            member("origin", .string(origin)),
            member("packet", packet.json),
            member("names", names.json),
            member("virtualServer", server.map { $0.json(names) } ?? .null),
            member("deliveries", .array(deliveries.map(\.json))),
            member("isCertain", .bool(isCertain)),
            member("outcome", .string(verdict.outcome.rawValue)),
            member("verdict", .string(verdictLine)),
        ]
    }
}

private func member(_ key: String, _ value: JSONValue) -> JSONValue.Member {
    JSONValue.Member(key: key, value: value)
}

private func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

extension PacketPath.Step {
    package var json: JSONValue {
        switch self {
        case .note(let words): ["kind": "note", "text": .string(words)]
        case .routing(let words): ["kind": "routing", "text": .string(words)]
        case .difference(let words): ["kind": "difference", "text": .string(words)]
        case .entry(let words): ["kind": "existingEntry", "text": .string(words)]
        case .rule(let rule): rule.json
        }
    }
}

extension RuleStep {
    fileprivate var json: JSONValue {
        [
            "kind": "rule", "text": .string("\(why) → \(effect.words)"), "hook": .string(hook.rawValue),
            "table": .string(table.rawValue), "chain": .string(chain),
            "number": number.map { .integer(Int64($0)) } ?? .null, "rule": .string(rule), "variant": optional(variant),
            "isOurs": .bool(isOurs), "effect": .string(effect.name),
            "sets": .array(
                sets.map { fact in
                    [
                        "set": .string(fact.set), "entry": .string("\(fact.entry)"),
                        "holds": fact.isMember.map(JSONValue.bool) ?? .null,
                    ]
                }),
        ]
    }
}

extension RuleStep.Effect {
    fileprivate var name: String {
        switch self {
        case .accepted: "accept"
        case .returned: "return"
        case .jumped: "jump"
        case .marked: "mark"
        case .dropped: "drop"
        case .rejected: "reject"
        case .diverted: "divert"
        case .masqueraded: "masquerade"
        case .notEvaluated: "notEvaluated"
        }
    }
}

extension TracedPacket {
    fileprivate var json: JSONValue {
        [
            "protocol": .string("\(transport)"), "source": .string("\(source)"),
            "sourcePort": sourcePort.map { .integer(Int64($0)) } ?? .null, "link": optional(inLink),
            "destination": .string("\(destination)"), "port": .integer(Int64(destinationPort)),
        ]
    }
}

extension TraceNames {
    fileprivate var json: JSONValue {
        [
            "service": optional(service), "port": .string(port), "kind": optional(kind),
            "otherServices": .array(otherServices.map(JSONValue.string)), "absence": optional(absence),
        ]
    }
}

extension ObservedVirtualServer {
    fileprivate func json(_ names: TraceNames) -> JSONValue {
        let (address, mark): (JSONValue, JSONValue) =
            switch identity {
            case .address(let id): (.string(id.address.joined(port: id.port)), .null)
            case .firewallMark(let mark, _): (.null, .integer(Int64(mark)))
            }
        let isPersistent = configuration.flags.contains(.persistent)
        return [
            "address": address, "firewallMark": mark, "scheduler": .string("\(configuration.scheduler)"),
            "persistenceSeconds": isPersistent ? .integer(Int64(configuration.persistenceTimeout)) : .null,
            "realServers": .array(
                realServers.map { server in
                    let id = server.realServer.id
                    return [
                        "address": .string("\(id.address)"), "port": .integer(Int64(id.port)),
                        "weight": .integer(Int64(server.realServer.weight)),
                        "activeConnections": .integer(Int64(server.activeConnections)),
                        "inactiveConnections": .integer(Int64(server.inactiveConnections)),
                        "takesConnections": .bool(server.takesConnections),
                        "name": optional(names.endpoints[id.address]),
                    ]
                }),
        ]
    }
}

extension Delivery {
    fileprivate var json: JSONValue {
        let (client, lost): (JSONValue, JSONValue) =
            switch fate {
            case .arrives(let address): (optional(address.map { "\($0)" }), .null)
            case .lost(let words): (.null, .string(words))
            }
        return [
            "realServer": .string("\(realServer.realServer.id)"), "client": client, "lost": lost,
            "isMasqueraded": .bool(isMasqueraded), "isHairpin": .bool(isHairpin),
            "remarks": .array(remarks.map(JSONValue.string)),
        ]
    }
}
