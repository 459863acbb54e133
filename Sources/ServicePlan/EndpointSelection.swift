// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
public import KubernetesObjects

/// Which endpoints of a Service port take connections under each traffic policy.
public struct EndpointSelection: Hashable, Sendable {
    /// Which of the lists the traffic policies of a Service port ever use.
    public struct Lists: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        public static let cluster = Self(rawValue: 1)
        public static let local = Self(rawValue: 2)
    }

    /// How the hints of the ready endpoints narrow the cluster list.
    public enum Topology: Hashable, Sendable {
        case everywhere
        case sameNode
        case sameZone
    }

    /// Where the real servers of a virtual server come from.
    public enum Source: Hashable, Sendable {
        case clusterList
        case localList
        /// The policy is Local, but no endpoint on this node takes connections.
        case clusterListForWantOfLocal
    }

    public let lists: Lists
    public let topology: Topology
    /// In ascending order. Of policy Cluster.
    public let clusterList: [RealServer]
    /// In ascending order. Of policy Local; topology hints do not count.
    public let localList: [RealServer]
    /// Whether an endpoint anywhere in the cluster takes connections, as far as the lists in use can tell.
    public let hasAny: Bool
    private let hasReady: Bool
    private let hasLocalReady: Bool

    /// - Parameter endpoints: in ascending order, each identity once, as `PortEndpoint.merged` returns them.
    public init(_ endpoints: [PortEndpoint], lists: Lists) {
        var ready = false
        var localReady = false
        var servingWhileTerminating = false
        for endpoint in endpoints {
            ready = ready || endpoint.isReady
            localReady = localReady || endpoint.isReady && endpoint.isLocal
            servingWhileTerminating = servingWhileTerminating || endpoint.isServingWhileTerminating
        }
        let topology = lists.contains(.cluster) ? Topology(of: endpoints) : .everywhere
        hasReady = ready
        hasLocalReady = localReady
        self.lists = lists
        self.topology = topology

        clusterList =
            lists.contains(.cluster)
            ? endpoints.realServers { Self.clusterVerdict($0, topology, ready) } : []
        localList =
            lists.contains(.local)
            ? endpoints.realServers { Self.localVerdict($0, localReady) } : []
        hasAny = !clusterList.isEmpty || lists.contains(.local) && (ready || servingWhileTerminating)
    }

    /// The lists that a port of a Service uses. Policy Local of external traffic needs the cluster list too: it is what
    /// Pods of this node reach when no endpoint is on it.
    public static func lists(
        internalPolicyLocal: Bool,
        externalPolicyLocal: Bool,
        externallyAccessible: Bool
    ) -> Lists {
        var lists: Lists = []
        if !internalPolicyLocal || externallyAccessible { lists.insert(.cluster) }
        if internalPolicyLocal || externalPolicyLocal && externallyAccessible { lists.insert(.local) }
        return lists
    }

    /// Where a virtual server under a traffic policy takes its real servers from.
    ///
    /// With policy Local and no endpoint on this node that is the cluster list (kubernetes/kubernetes#97081). For internal
    /// traffic the cluster list is empty, unless the Service is externally accessible: then `internalTrafficPolicy: Local`
    /// reaches endpoints of other nodes, as with kube-proxy.
    public func source(under policy: Service.TrafficPolicy) -> Source {
        switch policy {
        case .cluster: .clusterList
        case .local: localList.isEmpty ? .clusterListForWantOfLocal : .localList
        }
    }

    /// The real servers of a virtual server under a traffic policy. Every call returns the same storage.
    public func realServers(under policy: Service.TrafficPolicy) -> [RealServer] {
        source(under: policy) == .localList ? localList : clusterList
    }

    /// Why an endpoint of those selected from is, or is not, in the cluster list.
    public func clusterVerdict(on endpoint: PortEndpoint) -> EndpointVerdict {
        lists.contains(.cluster) ? Self.clusterVerdict(endpoint, topology, hasReady) : .listUnused
    }

    /// Why an endpoint of those selected from is, or is not, in the local list.
    public func localVerdict(on endpoint: PortEndpoint) -> EndpointVerdict {
        lists.contains(.local) ? Self.localVerdict(endpoint, hasLocalReady) : .listUnused
    }

    /// A topology is only chosen when a ready endpoint fits it, so that one ready endpoint is enough to fill the list.
    private static func clusterVerdict(
        _ endpoint: PortEndpoint,
        _ topology: Topology,
        _ hasReady: Bool
    ) -> EndpointVerdict {
        let verdict = readiness(endpoint, hasReady)
        guard verdict == .ready else { return verdict }
        switch topology {
        case .everywhere: return .ready
        case .sameNode: return endpoint.nodeHint == .here ? .ready : .hintedToOtherNodes
        case .sameZone: return endpoint.zoneHint == .here ? .ready : .hintedToOtherZones
        }
    }

    private static func localVerdict(_ endpoint: PortEndpoint, _ hasLocalReady: Bool) -> EndpointVerdict {
        endpoint.isLocal ? readiness(endpoint, hasLocalReady) : .otherNode
    }

    /// Ready endpoints win. With none ready, those that still serve while terminating are used (KEP-1669).
    private static func readiness(_ endpoint: PortEndpoint, _ hasReady: Bool) -> EndpointVerdict {
        if endpoint.isReady { return .ready }
        if endpoint.isServingWhileTerminating { return hasReady ? .readyOnesExist : .servingWhileTerminating }
        return endpoint.isTerminating ? .terminated : .notReady
    }
}

extension EndpointSelection.Topology {
    /// Hints count only when every ready endpoint has them and one of them names this node (or its zone). So no client
    /// is left without an endpoint while the hints are incomplete or of another cluster layout.
    fileprivate init(of endpoints: [PortEndpoint]) {
        var allHaveNodeHints = true
        var allHaveZoneHints = true
        var hasNode = false
        var hasZone = false
        for endpoint in endpoints where endpoint.isReady {
            allHaveNodeHints = allHaveNodeHints && endpoint.nodeHint != .none
            allHaveZoneHints = allHaveZoneHints && endpoint.zoneHint != .none
            hasNode = hasNode || endpoint.nodeHint == .here
            hasZone = hasZone || endpoint.zoneHint == .here
        }
        self =
            if allHaveNodeHints && hasNode {
                .sameNode
            } else if allHaveZoneHints && hasZone {
                .sameZone
            } else {
                .everywhere
            }
    }
}

extension [PortEndpoint] {
    fileprivate func realServers(judgedBy verdict: (PortEndpoint) -> EndpointVerdict) -> [RealServer] {
        var servers: [RealServer] = []
        servers.reserveCapacity(count)
        for endpoint in self where verdict(endpoint).isChosen {
            servers.append(RealServer(id: endpoint.id, weight: endpoint.weight))
        }
        return servers
    }
}
