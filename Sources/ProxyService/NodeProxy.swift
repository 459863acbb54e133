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
    private let logger: Logger

    /// - Parameters:
    ///   - gracefulTimeout: the longest time that a removed TCP endpoint keeps its connections; `nil` for the default.
    ///   - manifests: the directory that Services and EndpointSlices come from.
    public init(settings: EffectiveSettings, gracefulTimeout: Duration?, manifests: String, logger: Logger) {
        self.settings = settings
        self.gracefulTimeout = gracefulTimeout ?? ServiceProxy.defaultGracefulTimeout
        self.manifests = manifests
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
        NodeSettings.writeOOMScore(settings.oomScoreAdjustment, logger: logger)
        let ipvs = try openIPVS()
        let settingsKeeper = try NodeSettings.write(settings, with: ipvs, logger: logger)
        let dataplane = try await openDataplane(ipvs)
        logger.info(
            "starting",
            metadata: [
                "node": "\(settings.nodeName)",
                "families": "\(families.map(\.description).joined(separator: ","))",
                "scheduler": "\(settings.scheduler)",
                "manifests": "\(manifests)",
            ]
        )

        let proxy = ServiceProxy(
            settings: settings,
            gracefulTimeout: gracefulTimeout,
            families: families,
            dataplane: dataplane,
            settingsKeeper: settingsKeeper,
            logger: logger
        )
        // Shutdown goes in the reverse order: the sources stop first.
        let group = ServiceGroup(
            services: [
                PassService(proxy: proxy),
                NodeAddressService(proxy: proxy, logger: logger),
                ManifestService(updates: updates, nodeName: settings.nodeName, proxy: proxy, logger: logger),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }

    private func openIPVS() throws(StartError) -> sending KernelIPVS {
        do throws(DataplaneError) {
            let ipvs = try KernelIPVS()
            try SchedulerProbe.check(settings.scheduler, on: ipvs)
            return ipvs
        } catch {
            throw StartError("\(error)")
        }
    }

    private func openDataplane(_ ipvs: sending KernelIPVS) async throws(StartError) -> sending Dataplane {
        do throws(DataplaneError) {
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
                rules: rules,
                conntrack: try KernelConntrack()
            )
        } catch {
            throw StartError("\(error)")
        }
    }
}
