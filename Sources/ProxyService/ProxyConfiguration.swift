public import Addressing
public import DataplaneModel
public import ServicePlan

/// Everything the daemon can be told, with kube-proxy's defaults.
public struct ProxyConfiguration: Hashable, Sendable {
    /// How the rules tell that traffic comes from a pod of this node (`detectLocalMode`).
    public enum DetectLocalMode: Hashable, Sendable {
        /// Traffic from the cluster's networks, at most one of each family, is local.
        case clusterCIDR
        /// Traffic from the node's own pod network, the Node's first `podCIDRs` of the family, is local.
        case nodeCIDR
        case bridgeInterface(String)
        case interfaceNamePrefix(String)
    }

    /// The Node's name; lower case.
    public var nodeName: String
    /// Where it is specified it is the node's own address of its family (`--bind-address`).
    public var bindAddress: IPAddress?
    /// The least time between two passes.
    public var minSyncPeriod: Duration
    /// The longest time between two verifying passes.
    public var syncPeriod: Duration
    /// The longest time that a removed TCP endpoint keeps its connections. The default is the kernel's own limit for
    /// established connections without traffic: whatever still lives after it is not idle.
    public var gracefulTimeout: Duration
    public var scheduler: Scheduler
    /// Virtual servers in these networks are somebody else's.
    public var excludedNetworks: [IPPrefix]
    /// In seconds; 0 leaves the kernel's own.
    public var ipvsTimeouts: IPVSTimeouts
    public var masqueradeAll: Bool
    /// Which bit of the packet mark asks for masquerading: 0 to 31.
    public var masqueradeBit: UInt8
    public var detectLocalMode: DetectLocalMode
    public var clusterNetworks: [IPPrefix]
    public var nodePortAddresses: PlanConfiguration.NodePortAddresses

    public init(nodeName: String) {
        self.nodeName = nodeName
        minSyncPeriod = .seconds(1)
        syncPeriod = .seconds(30)
        gracefulTimeout = .seconds(900)
        scheduler = .roundRobin
        excludedNetworks = []
        ipvsTimeouts = IPVSTimeouts(tcp: 0, tcpFin: 0, udp: 0)
        masqueradeAll = false
        masqueradeBit = 14
        detectLocalMode = .clusterCIDR
        clusterNetworks = []
        nodePortAddresses = .all
    }

    var plan: PlanConfiguration {
        PlanConfiguration(scheduler: scheduler, nodePortAddresses: nodePortAddresses)
    }

    /// - Parameter podNetworks: of the own Node.
    func rules(for family: IPFamily, podNetworks: [IPPrefix]) -> RuleConfiguration {
        let detector: LocalTrafficDetector =
            switch detectLocalMode {
            case .clusterCIDR:
                clusterNetworks.first { $0.family == family }.map(LocalTrafficDetector.clusterCIDR) ?? .none
            case .nodeCIDR:
                podNetworks.first { $0.family == family }.map(LocalTrafficDetector.clusterCIDR) ?? .none
            case .bridgeInterface(let name): .bridgeInterface(name)
            case .interfaceNamePrefix(let prefix): .interfaceNamePrefix(prefix)
            }
        return RuleConfiguration(
            masqueradeMark: 1 << UInt32(masqueradeBit),
            masqueradeAll: masqueradeAll,
            localDetector: detector,
            usesRandomFully: true
        )
    }
}
