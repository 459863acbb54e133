// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import NodeSync
import Reconcile
public import ServicePlan

/// How the kernel differs from what is wanted.
extension NodeHistory {
    /// How the kernel differs from what is wanted.
    mutating func compare() async throws -> [String] {
        state = try read()
        var wrong: [String] = []
        for family in families {
            let desired = family.reconciler.desired
            wrong += differences(of: state, from: desired, family.family)
            wrong += try await ruleDifferences(from: desired, family.family)
        }
        return wrong
    }

    /// What a daemon that saw nothing but the objects of now would want.
    public mutating func planFromScratch(_ family: IPFamily) -> DesiredState<ServicePortID> {
        let table = cluster.scratchTable()
        var desired = DesiredState<ServicePortID>()
        var touched = TouchedObjects()
        for id in table.servicePorts {
            desired.replaceContribution(of: id, with: table.plan(of: id, in: family).contribution, touched: &touched)
        }
        return desired
    }

    /// How the kernel differs from what is wanted, but for the rules.
    public func differences(from desired: DesiredState<ServicePortID>, _ family: IPFamily) throws -> [String] {
        differences(of: try read(), from: desired, family)
    }

    private func differences(
        of state: NodeState,
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) -> [String] {
        var wrong = virtualServerDifferences(of: state, from: desired, family)
        for set in ServiceSet.allCases {
            let name = set.name(for: family)
            guard let members = state.sets[name] else {
                wrong.append("\(name) is not there")
                continue
            }
            let wanted = Set(desired.entries(of: set))
            guard members != wanted else { continue }
            wrong += members.subtracting(wanted).map { "\(name) has \($0)" }
            wrong += wanted.subtracting(members).map { "\(name) lacks \($0)" }
        }
        return wrong + virtualIPDifferences(of: state, from: desired, family)
    }

    /// In the way that is not the daemon's there must be none.
    private func virtualIPDifferences(
        of state: NodeState,
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) -> [String] {
        let wanted = Set(desired.addresses)
        let bound = state.addresses.filter { $0.family == family }
        let routes = state.routes.filter { $0.family == family }
        let wantedBound = virtualIPs == .addresses ? wanted : []
        let wantedRoutes = virtualIPs == .routes ? Set(wanted.map { LocalRoute($0) }) : []
        return bound.subtracting(wantedBound).map { "\($0) is bound" }
            + wantedBound.subtracting(bound).map { "\($0) is not bound" }
            + routes.subtracting(wantedRoutes).map { "there is a route \($0)" }
            + wantedRoutes.subtracting(routes).map { "there is no route \($0)" }
    }

    private mutating func ruleDifferences(
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) async throws -> [String] {
        let closedServers = Set(desired.serversClosedToNode)
        let listing = try await dataplane.rules.save(family)
        if let right = rightRules[family], right.listing == listing, right.closedServers == closedServers { return [] }
        var configuration = Self.rules(virtualIPs)
        configuration.usesRandomFully = dataplane.rules.supportsRandomFully
        let wanted = Ruleset(configuration, family, closedServers: desired.serversClosedToNode)
        if let input = wanted.restoreInput(over: InstalledRules(listing)) {
            return ["rules of \(family) differ:\n\(input)"]
        }
        rightRules[family] = (closedServers, listing)
        return []
    }

    private func virtualServerDifferences(
        of state: NodeState,
        from desired: DesiredState<ServicePortID>,
        _ family: IPFamily
    ) -> [String] {
        var wrong: [String] = []
        for (id, observed) in state.servers where id.family == family {
            guard let wanted = desired[id] else {
                if !Stranger.mayKeep(id) { wrong.append("\(id) is there") }
                continue
            }
            var configuration = observed.configuration
            configuration.flags.remove(.hashed)
            if configuration != wanted.configuration {
                wrong.append("\(id) is \(configuration) and not \(wanted.configuration)")
            }
            // Who drains stays as long as he has connections.
            let wantedIDs = Set(wanted.realServers.lazy.map(\.id))
            let servers = observed.realServers.filter { server in
                let drains =
                    server.realServer.weight == 0 && id.transport == .tcp
                    && server.activeConnections + server.inactiveConnections > 0
                return !drains || wantedIDs.contains(server.realServer.id)
            }
            let found = servers.map(\.realServer).sorted { $0.id < $1.id }
            if found != wanted.realServers {
                wrong.append("\(id) has \(found) and not \(wanted.realServers)")
            }
        }
        wrong += desired.virtualServerIDs.filter { state.servers[$0] == nil }.map { "\($0) is not there" }
        wrong += stranger.ownServers.filter { $0.family == family && state.servers[$0] == nil }
            .map { "\($0), which is excluded, is gone" }
        return wrong
    }
}
