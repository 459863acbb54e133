// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

@testable import PacketTrace

/// A node out of values: 192.168.50.10 on the link `lan`, pods of 10.244.1.0/24 behind links of their own, and virtual IPs that are its
/// own where they are bound.
struct SampleNode {
    var configuration = RuleConfiguration(localDetector: .clusterCIDR(SampleNode.prefix("10.244.0.0/16")))
    var bound: Set<IPAddress> = []
    var routed: Set<IPAddress> = []
    var sets: [ServiceSet: Set<IPSetEntry>] = [:]
    var servers: [ObservedVirtualServer.Identity: ObservedVirtualServer] = [:]
    var closedServers: [VirtualServer.ID] = []
    var tracksConnections = true
    /// More lines of the listing, by table: inserted before ours.
    var foreignRules: [String: [String]] = [:]
    var policies: [String: String] = [:]

    static func address(_ text: String) -> IPAddress { IPAddress(text) ?? IPAddress(v4: 0) }
    static func prefix(_ text: String) -> IPPrefix { IPPrefix(text) ?? IPPrefix(host: IPAddress(v4: 0)) }

    /// `10.96.0.10:80`, TCP.
    static func target(_ address: String, _ port: UInt16 = 80, _ transport: TransportProtocol = .tcp)
        -> VirtualServer.ID
    {
        VirtualServer.ID(address: Self.address(address), port: port, transport: transport)
    }

    /// Adds what a Service port has: the virtual server, its address and the entry of a set.
    mutating func serve(
        _ target: VirtualServer.ID,
        _ set: ServiceSet,
        by endpoints: [(String, UInt32)],
        persistence: UInt32? = nil
    ) {
        bound.insert(target.address)
        sets[.ipvsIPs, default: []].insert(.ip(target.address))
        sets[set, default: []].insert(.ipPort(target.address, target.transport, target.port))
        let configuration = VirtualServer.Configuration(
            scheduler: .roundRobin, flags: persistence == nil ? [] : .persistent, persistenceTimeout: persistence ?? 0,
            persistenceMask: .max)
        servers[.address(target)] = ObservedVirtualServer(
            identity: .address(target), configuration: configuration,
            realServers: endpoints.map { address, weight in
                let id = RealServer.ID(address: Self.address(address), port: 8080)
                return ObservedRealServer(realServer: RealServer(id: id, weight: weight), activeConnections: 2)
            })
    }

    // MARK: What a trace is given

    var listing: String {
        let ruleset = Ruleset(configuration, .v4, closedServers: closedServers)
        var text = ""
        for table in RuleTable.allCases {
            text += "*\(table.rawValue)\n"
            let origins =
                table == .nat ? ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"] : ["INPUT", "FORWARD", "OUTPUT"]
            for origin in origins {
                text += ":\(origin) \(policies["\(table.rawValue) \(origin)"] ?? "ACCEPT") [0:0]\n"
            }
            let chains = ServiceChain.allCases.filter { $0.table == table }
            for chain in chains { text += ":\(chain.name) - [0:0]\n" }
            for line in foreignRules[table.rawValue] ?? [] { text += line + "\n" }
            // The last one that is inserted comes first.
            for jump in ServiceJump.all.reversed() where jump.table == table {
                text += "-A \(jump.origin) -m comment --comment \"\(jump.comment)\" -j \(jump.target.name)\n"
            }
            for chain in chains { for rule in ruleset[chain] { text += "-A \(chain.name) \(rule)\n" } }
            text += "COMMIT\n"
        }
        return text
    }

    var view: NodeView {
        let own = [Self.address("192.168.50.10")]
        let names = Dictionary(
            ServiceSet.allCases.map { ($0.name(for: .v4), $0) }, uniquingKeysWith: { first, _ in first })
        return NodeView(
            route: { address, _, _ in
                if bound.contains(address) {
                    return NodeView.Route(.local(isAddress: true), link: "kube-ipvs0", source: address)
                }
                if routed.contains(address) {
                    return NodeView.Route(.local(isAddress: false), link: "lo", source: own[0])
                }
                if own.contains(address) {
                    return NodeView.Route(.local(isAddress: true), link: "lan", source: address)
                }
                if Self.prefix("192.168.50.0/24").contains(address) {
                    return NodeView.Route(.unicast, link: "lan", source: own[0])
                }
                if Self.prefix("10.244.1.0/24").contains(address) {
                    return NodeView.Route(.unicast, link: "pod-\(address.description.suffix(1))", source: own[0])
                }
                if Self.prefix("10.244.0.0/16").contains(address) {
                    return NodeView.Route(.unicast, link: "lan", gateway: Self.address("192.168.50.20"), source: own[0])
                }
                if Self.prefix("198.51.100.0/24").contains(address) {
                    return NodeView.Route(.unicast, link: "lan", gateway: Self.address("192.168.50.1"), source: own[0])
                }
                return NodeView.Route(.none("Network is unreachable"))
            },
            isMember: { name, entry in
                guard let set = names[name] else { return nil }
                if case .ipPortNet(let address, let transport, let port, let source) = entry {
                    return sets[set, default: []].contains { member in
                        guard case .ipPortNet(address, transport, port, let network) = member else { return false }
                        return network.contains(source.address)
                    }
                }
                return sets[set, default: []].contains(entry)
            },
            virtualServer: { servers[$0] },
            masqueradeAddress: { _, _, _ in own[0] },
            tracksConnections: tracksConnections
        )
    }

    func trace(
        _ origin: PacketTracer.Origin,
        _ target: VirtualServer.ID,
        names: TraceNames = TraceNames(),
        differences: [String] = []
    ) -> PacketPath {
        PacketTracer.trace(
            .init(from: origin, to: target), through: ListedRules(listing), differences: differences, on: view,
            names: names)
    }

    func trace(_ source: String, _ target: VirtualServer.ID, names: TraceNames = TraceNames()) -> PacketPath {
        trace(.address(Self.address(source)), target, names: names)
    }
}
