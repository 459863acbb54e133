// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
public import IPVSListing
package import KubernetesObjects

/// What goes through a node for each Service: `kube-ipvs top`.
public struct TrafficTable: Hashable, Sendable {
    public enum Order: String, CaseIterable, Hashable, Sendable {
        case connections
        case packets
        case bytes
        case name
    }

    public struct Row: Hashable, Sendable {
        public var namespace: String?
        /// Of the Service, or what the virtual server is known by where no Service has it.
        public var name: String
        /// How many virtual servers of it are in the row.
        public var virtualServers: Int
        public var rates: TrafficRates

        var title: String { namespace.map { "\($0)/\(name)" } ?? name }
    }

    public private(set) var rows: [Row] = []
    /// Virtual servers without traffic, which are in no row.
    public private(set) var idle = 0

    private struct Key: Hashable {
        var namespace: String?
        var name: String
    }

    private var places: [Key: Int] = [:]

    public init() {}

    /// Takes in a virtual server that has traffic.
    public mutating func add(_ identity: ObservedVirtualServer.Identity, _ names: ServerNames, _ rates: TrafficRates) {
        let key =
            names.service.map { Key(namespace: $0.namespace, name: $0.name) }
            ?? Key(namespace: nil, name: identity.name)
        if let place = places[key] {
            rows[place].virtualServers += 1
            rows[place].rates += rates
        } else {
            places[key] = rows.count
            rows.append(Row(namespace: key.namespace, name: key.name, virtualServers: 1, rates: rates))
        }
    }

    /// Takes in a virtual server that has none.
    public mutating func addIdle() { idle += 1 }

    /// The busiest first; those that are alike by name.
    public func sorted(by order: Order) -> [Row] {
        func measure(_ row: Row) -> Double {
            switch order {
            case .connections: row.rates.connections
            case .packets: row.rates.inboundPackets + row.rates.outboundPackets
            case .bytes: row.rates.inboundBytes + row.rates.outboundBytes
            case .name: 0
            }
        }
        return rows.sorted { (measure($1), $0.title) < (measure($0), $1.title) }
    }

    /// - Parameter limit: no more rows than these.
    public func lines(by order: Order, limit: Int = .max) -> [String] {
        let rows = sorted(by: order)
        var lines = [Self.line(["CONNS/S", "PKTS-IN/S", "PKTS-OUT/S", "BYTES-IN/S", "BYTES-OUT/S"], "SERVICE")]
        for row in rows.prefix(limit) {
            let rates = row.rates
            let numbers = [
                rates.connections, rates.inboundPackets, rates.outboundPackets, rates.inboundBytes, rates.outboundBytes,
            ]
            lines.append(Self.line(numbers.map(rateText), row.title))
        }
        if rows.count > limit { lines.append("and \(rows.count - limit) more Services") }
        lines.append("\(idle) virtual servers without traffic")
        return lines
    }

    private static func line(_ columns: [String], _ title: String) -> String {
        columns.map { String(repeating: " ", count: max(0, 11 - $0.utf8.count)) + $0 }.joined(separator: " ")
            + "  \(title)"
    }

    package func json(by order: Order) -> JSONValue {
        [
            "schemaVersion": .integer(1),
            "services": .array(sorted(by: order).map(\.json)),
            "idleVirtualServers": .integer(Int64(idle)),
        ]
    }
}

extension TrafficTable.Row {
    fileprivate var json: JSONValue {
        [
            "namespace": namespace.map(JSONValue.string) ?? .null,
            "name": .string(name),
            "virtualServers": .integer(Int64(virtualServers)),
            "connectionsPerSecond": .double(rates.connections),
            "inboundPacketsPerSecond": .double(rates.inboundPackets),
            "outboundPacketsPerSecond": .double(rates.outboundPackets),
            "inboundBytesPerSecond": .double(rates.inboundBytes),
            "outboundBytesPerSecond": .double(rates.outboundBytes),
        ]
    }
}

extension ObservedVirtualServer.Identity {
    fileprivate var name: String {
        switch self {
        case .address(let id): "\(id)"
        case .firewallMark(let mark, let family): "firewall mark \(mark) of \(family)"
        }
    }
}

/// Such as `0`, `0.4`, `17`, `12.3K`, `1.2M`.
func rateText(_ rate: Double) -> String {
    var (value, unit) = (rate, 0)
    while value >= 999.95, unit < 4 {
        value /= 1000
        unit += 1
    }
    let tenths = Int((value * 10).rounded())
    let number = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    return number + ["", "K", "M", "G", "T"][unit]
}
