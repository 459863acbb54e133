// SPDX-License-Identifier: GPL-2.0-or-later
/// How much the endpoints of a Service, or of one slice, weigh: by where they run.
public struct EndpointWeights: Hashable, Sendable {
    /// In the order in which they count: the first that an endpoint fits.
    private enum Place: Hashable, Comparable {
        case node(String)
        case sameNode
        case zone(String)
        case sameZone
        case other
    }

    private struct Term: Hashable {
        var place: Place
        var weight: UInt16
    }

    private var terms: [Term]

    /// Of an endpoint that fits no term.
    public static let usual: UInt16 = 1

    /// One weight for all endpoints.
    public init(all weight: UInt16) {
        terms = [Term(place: .other, weight: weight)]
    }

    /// A weight, or a list such as `same-node=20,same-zone=10,other=1`, with `zone/NAME` and `node/NAME` for those of a name.
    init(_ text: String) throws(SettingError) {
        terms = []
        if !text.contains("="), !text.isEmpty {
            terms = [Term(place: .other, weight: try Self.weight(text))]
            return
        }
        var places: Set<Place> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: "=") else {
                throw SettingError(
                    reason: "has \(part.trimmingBlanks.quotedForMessage), which is not in the form PLACE=WEIGHT")
            }
            let place = try Self.place(part[..<equals].trimmingBlanks)
            let weight = try Self.weight(part[part.index(after: equals)...].trimmingBlanks)
            guard places.insert(place).inserted else {
                throw SettingError(reason: "has \(part[..<equals].trimmingBlanks.quotedForMessage) twice")
            }
            terms.append(Term(place: place, weight: weight))
        }
        guard !terms.isEmpty else { throw SettingError(reason: "says no weight") }
        terms.sort { $0.place < $1.place }
    }

    private static func place(_ text: String) throws(SettingError) -> Place {
        switch text {
        case "same-node": return .sameNode
        case "same-zone": return .sameZone
        case "other": return .other
        default: break
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, (1...253).contains(parts[1].utf8.count) {
            if parts[0] == "zone" { return .zone(String(parts[1])) }
            if parts[0] == "node" { return .node(String(parts[1])) }
        }
        throw SettingError(
            reason:
                "has \(text.quotedForMessage), which is no place: want same-node, same-zone, node/NAME, zone/NAME or other"
        )
    }

    /// The kernel takes more than 65535, but the products that its schedulers make of it have an end. 0 would look like a real
    /// server that drains: an endpoint is taken out by its readiness.
    private static func weight(_ text: String) throws(SettingError) -> UInt16 {
        guard text.utf8.first.map({ $0 != UInt8(ascii: "+") }) ?? false, let weight = UInt16(text), weight > 0 else {
            throw SettingError(reason: "has the weight \(text.quotedForMessage): want 1 to 65535")
        }
        return weight
    }

    /// Whether it depends on the zone that the node is in.
    public var dependsOnZone: Bool { terms.contains { $0.place == .sameZone } }

    /// How much an endpoint weighs.
    ///
    /// - Parameters:
    ///   - ownNode: the name of the node that this is worked out for; empty where it has none.
    ///   - ownZone: its zone.
    public func weight(ofEndpointOn node: String?, in zone: String?, ownNode: String, ownZone: String?) -> UInt16 {
        for term in terms {
            let fits =
                switch term.place {
                case .node(let name): node == name
                case .sameNode: !ownNode.isEmpty && node == ownNode
                case .zone(let name): zone == name
                case .sameZone: zone != nil && zone == ownZone
                case .other: true
                }
            if fits { return term.weight }
        }
        return Self.usual
    }
}
