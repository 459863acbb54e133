import Addressing
import DataplaneKernel
import DataplaneModel
public import KubeProxyConfig
public import Logging
import ManifestFiles
import Reconcile
import ServiceLifecycle
import UnixSignals

/// The daemon of one node: its parts, put together.
public struct NodeProxy: Sendable {
    private let settings: EffectiveSettings
    private let gracefulTimeout: Duration
    private let manifests: String
    private let start: StartFacts
    private let virtualServerCounters: Int
    private let logger: Logger

    /// - Parameters:
    ///   - gracefulTimeout: the longest time that a removed TCP endpoint keeps its connections; `nil` for the default.
    ///   - manifests: the directory that Services and EndpointSlices come from.
    ///   - start: what the metrics server tells of the start.
    ///   - virtualServerCounters: of how many virtual servers of each family the metrics have traffic counters.
    public init(
        settings: EffectiveSettings,
        gracefulTimeout: Duration?,
        manifests: String,
        start: StartFacts,
        virtualServerCounters: Int = 0,
        logger: Logger
    ) {
        self.settings = settings
        self.gracefulTimeout = gracefulTimeout ?? ServiceProxy.defaultGracefulTimeout
        self.manifests = manifests
        self.start = start
        self.virtualServerCounters = virtualServerCounters
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT, or until a part fails. What was programmed stays in the kernel.
    ///
    /// - Throws: `StartError` when the daemon cannot begin.
    public func run() async throws {
        let updates: ManifestUpdates
        do throws(ManifestDirectoryError) {
            updates = try ManifestDirectory(path: manifests).updates()
        } catch {
            throw StartError("\(error)")
        }

        let families = HostFacts.families
        try NodeSettings.apply(logger: logger)
        let dataplane = try await openDataplane()
        logger.info(
            "starting",
            metadata: [
                "node": "\(settings.nodeName)",
                "families": "\(families.map(\.description).joined(separator: ","))",
                "scheduler": "\(settings.scheduler)",
                "manifests": "\(manifests)",
            ]
        )

        let surfaces = NodeSurfaces(
            settings: settings,
            families: families,
            start: start,
            // A directory need not hold the own Node.
            needsNode: false,
            logger: logger
        )
        let proxy = ServiceProxy(
            settings: settings,
            gracefulTimeout: gracefulTimeout,
            families: families,
            dataplane: dataplane,
            metrics: surfaces.metrics,
            health: surfaces.health,
            healthCheckPorts: surfaces.healthCheckPorts,
            virtualServerCounters: virtualServerCounters,
            logger: logger
        )
        // Shutdown goes in the reverse order: the sources stop first.
        let group = ServiceGroup(
            services: surfaces.services + [
                PassService(proxy: proxy),
                NodeAddressService(proxy: proxy, logger: logger),
                ManifestService(
                    updates: updates,
                    nodeName: settings.nodeName,
                    proxy: proxy,
                    metrics: surfaces.metrics.objects,
                    logger: logger
                ),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }

    private func openDataplane() async throws(StartError) -> sending Dataplane {
        do throws(DataplaneError) {
            let ipvs = try KernelIPVS()
            try SchedulerProbe.check(settings.scheduler, on: ipvs)
            NodeSettings.applyTimeouts(settings.ipvsTimeouts, to: ipvs, logger: logger)
            let rules = try await KernelIPTables.open()
            logger.info(
                "iptables",
                metadata: [
                    "variant": "\(rules.variant?.rawValue ?? "legacy")", "version": "\(rules.version)",
                    "reason": "\(rules.reason)",
                ]
            )
            return Dataplane(
                ipvs: ipvs,
                sets: KernelIPSet(),
                addresses: try KernelAddresses(),
                rules: rules
            )
        } catch {
            throw StartError("\(error)")
        }
    }
}
