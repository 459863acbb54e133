// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import ServicePlan

/// Everything the daemon has been told, in the types it works with.
public struct EffectiveSettings: Hashable, Sendable {
    /// How the rules tell that traffic comes from a pod of this node.
    public enum DetectLocalMode: Hashable, Sendable {
        /// Traffic from the cluster's networks, at most one of each family, is local. Without a network of a family nothing
        /// tells local traffic of that family.
        case clusterCIDR([IPPrefix])
        /// Traffic from the first of the Node's `podCIDRs` of the family is local.
        case nodeCIDR
        case bridgeInterface(String)
        /// 1 to 14 bytes, which leaves room for the `+` of iptables.
        case interfaceNamePrefix(String)
    }

    /// Limits and timeouts of connection tracking. `nil` leaves the kernel's value alone.
    public struct Conntrack: Hashable, Sendable {
        public var maximumPerCore: Int?
        /// The least maximum, whatever the number of CPUs. Without `maximumPerCore` it does not count.
        public var minimum: Int
        public var tcpEstablishedTimeout: Duration?
        public var tcpCloseWaitTimeout: Duration?
        /// Whether packets outside of a TCP window are taken.
        public var tcpBeLiberal: Bool
        public var udpTimeout: Duration?
        public var udpStreamTimeout: Duration?
    }

    /// How the API server is reached.
    public struct Client: Hashable, Sendable {
        /// A path; `nil` for the credentials that a pod has.
        public var kubeconfig: String?
        /// The server's URL, instead of the one in the kubeconfig.
        public var server: String?
        /// `nil` for what `contentType` says.
        public var acceptContentTypes: String?
        public var contentType: String
        /// Requests in a second; `nil` is no limit.
        public var requestsPerSecond: Float?
        public var burst: Int
    }

    public struct Logging: Hashable, Sendable {
        public enum Format: String, Hashable, Sendable {
            case text
            case json
        }

        public var format: Format
        /// 0 to 2,147,483,647, more is more.
        public var verbosity: Int
    }

    /// The Node's name; lower case.
    public var nodeName: String
    /// The node's own address; `nil` leaves it to the Node.
    public var bindAddress: IPAddress?
    /// `nil` when there is to be no health server.
    public var healthEndpoint: BindAddress?
    /// `nil` when there is to be no metrics server.
    public var metricsEndpoint: BindAddress?
    /// Whether an address that cannot be bound ends the daemon, rather than being tried again.
    public var bindAddressHardFail: Bool
    public var enableProfiling: Bool
    public var client: Client
    /// How often kube-proxy's informers hand all objects over again.
    public var configSyncPeriod: Duration
    public var featureGates: FeatureGates
    public var logging: Logging
    /// -1000 to 1000.
    public var oomScoreAdjustment: Int
    public var conntrack: Conntrack

    public var scheduler: Scheduler
    /// Virtual servers in these networks are somebody else's.
    public var excludedNetworks: [IPPrefix]
    public var strictARP: Bool
    public var ipvsTimeouts: IPVSTimeouts
    /// The longest time between two passes that verify everything.
    public var syncPeriod: Duration
    /// The least time between two passes.
    public var minSyncPeriod: Duration
    public var masqueradeAll: Bool
    /// Which bit of the packet mark asks for masquerading: 0 to 31.
    public var masqueradeBit: UInt8
    public var detectLocalMode: DetectLocalMode
    public var nodePortAddresses: PlanConfiguration.NodePortAddresses
    /// Whether a Service may attract an address that the node cannot do without. A flag of its own says so, not the file.
    public var attractsVitalAddresses = false
    /// How virtual IPs become the node's own. A flag of its own or the environment says so, not the file.
    public var virtualIPs = VirtualIPMode.addresses
}
