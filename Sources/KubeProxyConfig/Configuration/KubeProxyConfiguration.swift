// SPDX-License-Identifier: GPL-2.0-or-later
/// `KubeProxyConfiguration` of `kubeproxy.config.k8s.io/v1alpha1` with all its defaults filled in.
///
/// Holds what was written, also what cannot be used: `EffectiveSettings` is what comes of it. Fields of other proxy modes
/// are carried through, so that the same file serves kube-proxy again.
public struct KubeProxyConfiguration: Hashable, Sendable {
    public static let apiVersion = "kubeproxy.config.k8s.io/v1alpha1"
    public static let kind = "KubeProxyConfiguration"
    /// The name under which `/configz` shows it.
    public static let group = "kubeproxy.config.k8s.io"

    public var featureGates: [String: Bool] = [:]
    public var clientConnection = ClientConnection()
    public var logging = Logging()
    /// The Node's name; empty for the host's.
    public var hostnameOverride = ""
    /// The node's own address, and so its primary family. Nothing is bound to it.
    public var bindAddress = "0.0.0.0"
    /// Empty only where `--healthz-port=0` has switched the health server off.
    public var healthzBindAddress = "0.0.0.0:10256"
    /// Empty only where `--metrics-port=0` has switched the metrics server off.
    public var metricsBindAddress = "127.0.0.1:10249"
    public var bindAddressHardFail = false
    public var enableProfiling = false
    public var showHiddenMetricsForVersion = ""
    /// Empty means `iptables` to kube-proxy.
    public var mode = ""
    public var iptables = IPTables()
    public var ipvs = IPVS()
    public var nftables = NFTables()
    public var winkernel = Winkernel()
    /// Empty means `ClusterCIDR`.
    public var detectLocalMode = ""
    public var detectLocal = DetectLocal()
    /// One network, or one of each family with a comma between them.
    public var clusterCIDR = ""
    public var nodePortAddresses: [String] = []
    public var oomScoreAdj: Int32 = -999
    public var conntrack = Conntrack()
    public var configSyncPeriod: Duration = .seconds(15 * 60)
    /// Once for the userspace proxy; unused.
    public var portRange = ""
    public var windowsRunAsService = false

    /// The defaults, as of an empty document.
    public init() {}
}

// MARK: - Sections

extension KubeProxyConfiguration {
    /// How the API server is reached.
    public struct ClientConnection: Hashable, Sendable {
        /// A path; empty for the credentials that a pod has.
        public var kubeconfig = ""
        public var acceptContentTypes = ""
        public var contentType = "application/vnd.kubernetes.protobuf"
        /// Requests in a second. 0 is the default, less than 0 is no limit.
        public var qps: Float = 5
        public var burst: Int32 = 10

        public init() {}
    }

    /// How pods' traffic of this node is told.
    public struct DetectLocal: Hashable, Sendable {
        public var bridgeInterface = ""
        public var interfaceNamePrefix = ""

        public init() {}
    }

    public struct Conntrack: Hashable, Sendable {
        /// Entries for each CPU; 0 leaves the kernel's limit alone.
        public var maxPerCore: Int32 = 32 * 1024
        public var min: Int32 = 128 * 1024
        /// 0 leaves the kernel's, here and below.
        public var tcpEstablishedTimeout: Duration = .seconds(24 * 3600)
        public var tcpCloseWaitTimeout: Duration = .seconds(3600)
        public var tcpBeLiberal = false
        public var udpTimeout: Duration = .zero
        public var udpStreamTimeout: Duration = .zero

        public init() {}
    }
}

// MARK: - Sections of the proxy modes

extension KubeProxyConfiguration {
    public struct IPVS: Hashable, Sendable {
        /// The longest time between two passes that verify everything.
        public var syncPeriod: Duration = .seconds(30)
        /// The least time between two passes.
        public var minSyncPeriod: Duration = .zero
        /// Empty means `rr`.
        public var scheduler = ""
        /// Networks whose virtual servers are somebody else's.
        public var excludeCIDRs: [String] = []
        public var strictARP = false
        /// 0 leaves the kernel's, here and below.
        public var tcpTimeout: Duration = .zero
        public var tcpFinTimeout: Duration = .zero
        public var udpTimeout: Duration = .zero

        public init() {}
    }

    /// `masqueradeAll` and `masqueradeBit` count in IPVS mode too; the rest is for mode `iptables`.
    public struct IPTables: Hashable, Sendable {
        public var masqueradeBit: Int32 = 14
        public var masqueradeAll = false
        public var localhostNodePorts = true
        public var syncPeriod: Duration = .seconds(30)
        public var minSyncPeriod: Duration = .seconds(1)

        public init() {}
    }

    public struct NFTables: Hashable, Sendable {
        public var masqueradeBit: Int32 = 14
        public var masqueradeAll = false
        public var syncPeriod: Duration = .seconds(30)
        public var minSyncPeriod: Duration = .seconds(1)

        public init() {}
    }

    /// For Windows.
    public struct Winkernel: Hashable, Sendable {
        public var networkName = ""
        public var sourceVip = ""
        public var enableDSR = false
        public var rootHnsEndpointName = ""
        public var forwardHealthCheckVip = false

        public init() {}
    }
}

// MARK: - Logging

extension KubeProxyConfiguration {
    /// `LoggingConfiguration` of `k8s.io/component-base`.
    public struct Logging: Hashable, Sendable {
        /// `text` or `json`.
        public var format = "text"
        public var flushFrequency: Duration = .seconds(5)
        public var verbosity: Int32 = 0
        public var vmodule: [FileVerbosity] = []
        public var textOptions = OutputOptions()
        public var jsonOptions = OutputOptions()

        public init() {}
    }

    /// A verbosity for the source files whose name matches.
    public struct FileVerbosity: Hashable, Sendable {
        public var filePattern = ""
        public var verbosity: Int32 = 0

        public init() {}

        public init(filePattern: String, verbosity: Int32) {
            self.filePattern = filePattern
            self.verbosity = verbosity
        }
    }

    public struct OutputOptions: Hashable, Sendable {
        public var splitStream = false
        /// Bytes as a Kubernetes quantity, such as `0` or `64Ki`.
        public var infoBufferSize = "0"

        public init() {}
    }
}
