// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Reconcile
import SystemTesting

/// Somebody else with the rights to change the node's data plane, and no idea of what is in it for a reason.
struct Stranger {
    /// `ipvs.excludeCIDRs`: virtual servers in them are the stranger's own, and have to stay.
    static let excludedNetworks = [network("10.200.0.0/16"), network("fd00:200::/32")]

    private var random: SeededGenerator
    private let dataplane: Dataplane
    private let rulePercent: Int
    private let changesRoutes: Bool
    private let removeLink: () throws -> Void
    /// Made by the stranger in the excluded networks.
    private(set) var ownServers: Set<VirtualServer.ID> = []

    /// - Parameters:
    ///   - rulePercent: how much of what it does is to rules.
    ///   - changesRoutes: whether it changes routes of virtual IPs as well as addresses.
    init(
        seed: UInt64,
        dataplane: Dataplane,
        rulePercent: Int,
        changesRoutes: Bool,
        removeLink: @escaping () throws -> Void
    ) {
        random = SeededGenerator(seed: seed)
        self.dataplane = dataplane
        self.rulePercent = rulePercent
        self.changesRoutes = changesRoutes
        self.removeLink = removeLink
    }

    static func mayKeep(_ id: VirtualServer.ID) -> Bool {
        excludedNetworks.contains { $0.contains(id.address) }
    }

    /// Does something to one family's part.
    ///
    /// - Parameter state: what was there a moment ago.
    /// - Returns: what it was.
    mutating func act(_ family: IPFamily, _ state: NodeState) async throws -> String {
        if Int.random(in: 0..<100, using: &random) < rulePercent { return try await changeRules(family) }
        return switch Int.random(in: 0..<17, using: &random) {
        case 0..<8: try changeServers(family, state)
        case 8..<13: try changeSet(family, state)
        case 13..<16: try changeAddresses(family, state)
        default: try takeLink()
        }
    }

    // MARK: IPVS

    private mutating func changeServers(_ family: IPFamily, _ state: NodeState) throws -> String {
        let servers = state.servers.filter { $0.key.family == family && !Self.mayKeep($0.key) }
            .sorted { $0.key < $1.key }
        guard let (id, server) = servers.randomElement(using: &random), Int.random(in: 0..<5, using: &random) > 0
        else { return try addServer(family) }

        let realServers = server.realServers.map(\.realServer).sorted { $0.id < $1.id }
        var configuration = server.configuration
        configuration.flags.remove(.hashed)
        let change: IPVSChange
        switch (Int.random(in: 0..<6, using: &random), realServers.randomElement(using: &random)) {
        case (0, _):
            change = .removeVirtualServer(id)
        case (1, _):
            configuration.flags = configuration.flags.symmetricDifference(.persistent)
            configuration.persistenceTimeout = configuration.flags.contains(.persistent) ? 77 : 0
            change = .editVirtualServer(id, configuration)
        case (2, var realServer?), (3, var realServer?):
            realServer.weight = realServer.weight == 0 ? 5 : UInt32.random(in: 0...1, using: &random) * 7
            change = .editRealServer(realServer, of: id)
        case (4, let realServer?):
            change = .removeRealServer(realServer.id, from: id)
        default:
            let stranger = RealServer.ID(address: address(family, 0x99, 1...250), port: 4242)
            let weight = UInt32.random(in: 0...1, using: &random)
            change = .addRealServer(RealServer(id: stranger, weight: weight), to: id)
        }
        _ = try dataplane.ipvs.apply([change])
        return "a stranger: \(change)"
    }

    private mutating func addServer(_ family: IPFamily) throws -> String {
        let isOwn = Bool.random(using: &random)
        let id = VirtualServer.ID(
            address: isOwn ? address(family, 0xc8, 1...50) : address(family, 0x63, 1...50),
            port: UInt16.random(in: 1...3, using: &random),
            transport: TransportProtocol.allCases.randomElement(using: &random) ?? .tcp
        )
        let configuration = VirtualServer.Configuration(
            scheduler: .roundRobin,
            persistenceMask: VirtualServer.Configuration.singleClientMask(for: family)
        )
        let realServer = RealServer(id: RealServer.ID(address: address(family, 0x99, 1...9), port: 80))
        _ = try dataplane.ipvs.apply([.addVirtualServer(id, configuration), .addRealServer(realServer, to: id)])
        if isOwn { ownServers.insert(id) }
        return "a stranger: a virtual server \(id)"
    }

    // MARK: Sets

    private mutating func changeSet(_ family: IPFamily, _ state: NodeState) throws -> String {
        guard let set = ServiceSet.allCases.randomElement(using: &random) else { return "a stranger: nothing" }
        let definition = IPSetDefinition(set, family)
        let members = state.sets[definition.name, default: []].sorted { "\($0)" < "\($1)" }
        switch (Int.random(in: 0..<4, using: &random), members.randomElement(using: &random)) {
        case (0, let member?):
            _ = try dataplane.sets.apply([.remove(member, from: definition)])
            return "a stranger: \(definition.name) without \(member)"
        case (1, _):
            do throws(DataplaneError) {
                try dataplane.sets.destroy(definition.name)
            } catch {
                // Rules match on it.
                _ = try dataplane.sets.apply(members.map { .remove($0, from: definition) })
                return "a stranger: \(definition.name) emptied"
            }
            guard set.type != .bitmapPort, Bool.random(using: &random) else {
                return "a stranger: \(definition.name) destroyed"
            }
            var small = definition
            small.maximumElements = 1
            try dataplane.sets.create(small)
            return "a stranger: \(definition.name) made anew, too small"
        default:
            let entry = entry(for: set.type, family)
            _ = try dataplane.sets.apply([.add(entry, to: definition)])
            return "a stranger: \(definition.name) with \(entry)"
        }
    }

    private mutating func entry(for type: IPSetType, _ family: IPFamily) -> IPSetEntry {
        let first = address(family, 0x77, 1...200)
        let port = UInt16.random(in: 1...60_000, using: &random)
        return switch type {
        case .bitmapPort: .port(port)
        case .hashIP: .ip(first)
        case .hashIPPort: .ipPort(first, .udp, port)
        case .hashIPPortIP: .ipPortIP(first, .tcp, port, address(family, 0x78, 1...200))
        case .hashIPPortNet:
            .ipPortNet(first, .tcp, port, network(family == .v4 ? "10.121.0.0/24" : "fd00:121::/64"))
        }
    }

    // MARK: Addresses

    private mutating func changeAddresses(_ family: IPFamily, _ state: NodeState) throws -> String {
        if changesRoutes, Bool.random(using: &random) { return try changeRoutes(family, state) }
        guard try dataplane.addresses.linkExists() else { return "a stranger: nothing" }
        let bound = state.addresses.filter { $0.family == family }.sorted()
        let change: AddressChange =
            if Bool.random(using: &random), let address = bound.randomElement(using: &random) {
                .unbind(address)
            } else {
                .bind(address(family, 0x66, 1...200))
            }
        _ = try dataplane.addresses.apply([change])
        return "a stranger: \(change)"
    }

    private mutating func changeRoutes(_ family: IPFamily, _ state: NodeState) throws -> String {
        let routes = state.routes.filter { $0.family == family }.map(\.address).sorted()
        let change: AddressChange =
            if Int.random(in: 0..<3, using: &random) > 0, let address = routes.randomElement(using: &random) {
                .removeRoute(address)
            } else {
                .addRoute(address(family, 0x66, 1...200))
            }
        _ = try dataplane.addresses.apply([change])
        return "a stranger: \(change)"
    }

    private func takeLink() throws -> String {
        try removeLink()
        return "a stranger: no dummy link"
    }

    // MARK: Rules

    private mutating func changeRules(_ family: IPFamily) async throws -> String {
        var table = ""
        var rules: [(table: String, rule: String)] = []
        for line in try await dataplane.rules.save(family).split(separator: "\n") {
            if line.hasPrefix("*") {
                table = String(line.dropFirst())
            } else if line.hasPrefix("-A "), line.contains("KUBE-"), !line.contains("KUBE-FIREWALL") {
                // That one is kubelet's.
                rules.append((table, String(line.dropFirst("-A ".count))))
            }
        }
        guard let rule = rules.randomElement(using: &random) else { return "a stranger: nothing" }
        let change =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: "-D \(rule.rule)"
            case 1: "-A \(rule.rule)"
            default: "-I \(rule.rule)"
            }
        try await dataplane.rules.restore("*\(rule.table)\n\(change)\nCOMMIT\n", family)
        return "a stranger: \(rule.table) \(change)"
    }

    /// `10.NETWORK.0.HOST` or `fd00:2NETWORK::HOST`.
    private mutating func address(_ family: IPFamily, _ network: UInt32, _ hosts: ClosedRange<UInt32>) -> IPAddress {
        let host = UInt32.random(in: hosts, using: &random)
        return switch family {
        case .v4: IPAddress(v4: 10 << 24 | network << 16 | host)
        case .v6:
            IPAddress(high: 0xfd00_0000_0000_0000 | UInt64(network == 0xc8 ? 0x200 : network) << 32, low: UInt64(host))
        }
    }
}
