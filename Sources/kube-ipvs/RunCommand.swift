import ArgumentParser
import DataplaneKernel
import Logging
import ProxyService
import ServiceLifecycle

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Keeps this node's IPVS, sets, addresses and rules as Services want them, until it is stopped.",
        discussion: """
            What it has programmed stays in the kernel when it ends: connections go on, and the next start takes it over.
            Flags that kube-proxy has too mean what they mean there.
            """
    )

    @Option(help: "A directory with Services, EndpointSlices and the Node as YAML or JSON files; it is watched.")
    var manifests: String

    @Option(help: "The Node's name. (default: the host name)")
    var hostnameOverride: String?

    @Option(help: "The node's own IP address, for source ranges and \"primary\". Nothing is bound to it.")
    var bindAddress: String?

    @Option(help: "The least time between two passes, such as 500ms. (default: 1s)")
    var ipvsMinSyncPeriod: String?

    @Option(help: "The longest time between two passes that verify everything, such as 30s. (default: 30s)")
    var ipvsSyncPeriod: String?

    @Option(help: "The longest time that a removed TCP endpoint keeps its connections. (default: 15m)")
    var gracefulTimeout: String?

    @Option(help: "The scheduler of all virtual servers. (default: rr)")
    var ipvsScheduler: String?

    @Option(help: "Networks whose virtual servers are left alone; comma separated, or given several times.")
    var ipvsExcludeCidrs: [String] = []

    @Option(help: "How long idle TCP connections are kept, such as 900s. (default: the kernel's)")
    var ipvsTcpTimeout: String?

    @Option(help: "How long TCP connections are kept after a FIN. (default: the kernel's)")
    var ipvsTcpfinTimeout: String?

    @Option(help: "How long UDP flows are kept. (default: the kernel's)")
    var ipvsUdpTimeout: String?

    @Flag(help: "Masquerade everything that goes to a cluster IP.")
    var masqueradeAll = false

    @Option(help: "The bit of the packet mark that asks for masquerading, 0 to 31. (default: 14)")
    var iptablesMasqueradeBit: Int?

    @Option(help: "How local traffic is told: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix.")
    var detectLocalMode: String?

    @Option(help: "The bridge of the pods, for BridgeInterface.")
    var podBridgeInterface: String?

    @Option(help: "How the names of pods' interfaces start, for InterfaceNamePrefix.")
    var podInterfaceNamePrefix: String?

    @Option(help: "The networks of all pods, at most one of each family, comma separated.")
    var clusterCidr: String?

    @Option(help: "Networks whose addresses of this node serve node ports, or \"primary\". (default: all addresses)")
    var nodeportAddresses: [String] = []

    @Option(name: [.customShort("v"), .customLong("v")], help: "How much is logged: 0 to 4 and more.")
    var verbosity = 0

    func run() async throws {
        let logger = Self.logger(verbosity: verbosity)
        let configuration: ProxyConfiguration
        switch ProxyConfiguration.reading(flags, hostname: HostFacts.hostname) {
        case .success(let read): configuration = read
        case .failure(let errors): throw ValidationError(errors.description)
        }

        do {
            let proxy = NodeProxy(configuration: configuration, manifests: manifests, logger: logger)
            try await proxy.run()
        } catch let error as StartError {
            logger.critical("cannot start", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    private var flags: ProxyFlags {
        var flags = ProxyFlags()
        flags.hostnameOverride = hostnameOverride
        flags.bindAddress = bindAddress
        flags.minSyncPeriod = ipvsMinSyncPeriod
        flags.syncPeriod = ipvsSyncPeriod
        flags.gracefulTimeout = gracefulTimeout
        flags.scheduler = ipvsScheduler
        flags.excludeCIDRs = Self.list(ipvsExcludeCidrs)
        flags.tcpTimeout = ipvsTcpTimeout
        flags.tcpFinTimeout = ipvsTcpfinTimeout
        flags.udpTimeout = ipvsUdpTimeout
        flags.masqueradeAll = masqueradeAll
        flags.masqueradeBit = iptablesMasqueradeBit
        flags.detectLocalMode = detectLocalMode
        flags.podBridgeInterface = podBridgeInterface
        flags.podInterfaceNamePrefix = podInterfaceNamePrefix
        flags.clusterCIDR = clusterCidr
        flags.nodePortAddresses = Self.list(nodeportAddresses)
        return flags
    }

    private static func list(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",").map(String.init) }
    }

    /// Lines go to stderr. Kubernetes' verbosity counts up from 0, which is what an operator wants once.
    private static func logger(verbosity: Int) -> Logger {
        var logger = Logger(label: "kube-ipvs", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel =
            switch verbosity {
            case ..<2: .info
            case 2...3: .debug
            default: .trace
            }
        return logger
    }
}
