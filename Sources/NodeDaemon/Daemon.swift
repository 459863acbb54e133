// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
public import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
public import Logging
public import NodeStartup
import NodeStatus
import NodeSync
import ProxyTelemetry
import Reconcile
import ServiceLifecycle
import UnixSignals

/// The daemon of one node: its parts, put together.
public struct Daemon: Sendable {
    /// The file that the settings were read from, as it was then.
    public struct ConfigurationFile: Hashable, Sendable {
        public var path: String
        public var contents: [UInt8]

        public init(path: String, contents: [UInt8]) {
            self.path = path
            self.contents = contents
        }
    }

    private let settings: EffectiveSettings
    private let gracefulTimeout: Duration
    private let source: ObjectSource
    private let configurationFile: ConfigurationFile?
    private let start: StartFacts
    private let virtualServerCounters: Int
    private let isDryRun: Bool
    private let logger: Logger

    /// - Parameters:
    ///   - gracefulTimeout: the longest time that a removed TCP endpoint keeps its connections; `nil` for the default.
    ///   - source: where Services and EndpointSlices come from.
    ///   - configurationFile: ends the daemon when it changes.
    ///   - start: what the API server and the metrics server are told of the start.
    ///   - isDryRun: whether the kernel and the API server are only read, and what would be written is told.
    ///   - virtualServerCounters: of how many virtual servers of each family the metrics have traffic counters.
    public init(
        settings: EffectiveSettings,
        gracefulTimeout: Duration?,
        source: ObjectSource,
        configurationFile: ConfigurationFile?,
        start: StartFacts,
        virtualServerCounters: Int = 0,
        isDryRun: Bool = false,
        logger: Logger
    ) {
        self.settings = settings
        self.gracefulTimeout = gracefulTimeout ?? SyncSettings.defaultGracefulTimeout
        self.source = source
        self.configurationFile = configurationFile
        self.start = start
        self.virtualServerCounters = virtualServerCounters
        self.isDryRun = isDryRun
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT, or until a part fails. What was programmed stays in the kernel.
    ///
    /// - Throws: `StartError` when the daemon cannot begin; `ConfigurationChanged`.
    public func run() async throws {
        let families = HostFacts.families
        let metrics = ProxyMetrics(
            families: families,
            build: BuildFacts(version: start.version, featureGates: settings.featureGates)
        )
        let source = try OpenedSource(
            source,
            settings: settings,
            version: start.version,
            logger: logger,
            observe: { metrics.client.note($0) }
        )
        let record: @Sendable (ClusterEvent) -> Void = { [source, isDryRun] event in
            if !isDryRun { source.record(event) }
        }
        if !isDryRun { OOMScore.write(settings.oomScoreAdjustment, logger: logger) }
        let ipvs = try openIPVS()
        let settingsKeeper =
            isDryRun
            ? NodeSettings.planned(settings, logger: logger)
            : NodeSettings.write(settings, with: ipvs, logger: logger)
        let dataplane = try await openDataplane(ipvs)
        logger.info(
            isDryRun ? "starting a dry run: nothing is written" : "starting",
            metadata: [
                "node": "\(settings.nodeName)",
                "families": "\(families.map(\.description).joined(separator: ","))",
                "scheduler": "\(settings.scheduler)",
                "virtual_ips": "\(settings.virtualIPs)",
                "source": "\(self.source)",
            ]
        )
        if settings.masqueradesNothingKnown {
            logger.warning(
                "neither clusterCIDR nor masqueradeAll is set: what comes from outside of the cluster is masqueraded nowhere",
                metadata: ["mend": "set clusterCIDR to the networks of the Pods"])
        }

        let surfaces = NodeSurfaces(
            settings: settings,
            families: families,
            start: start,
            metrics: metrics,
            needsNode: source.hasOwnNode,
            isDryRun: isDryRun,
            logger: logger,
            onHealthCheckFailure: { service, error in
                record(
                    ClusterEvent(
                        .warning,
                        reason: "FailedToStartServiceHealthcheck",
                        action: "Listen",
                        regarding: .service(namespace: service.namespace, name: service.name),
                        note: "the health-check node port cannot be opened: \(error)"
                    )
                )
            },
            onBindFailure: { [source, settings, isDryRun] server, error in
                guard !isDryRun else { return }
                await source.write(
                    ClusterEvent(
                        .warning,
                        reason: server.rawValue,
                        action: "StartKubeProxy",
                        regarding: .node(named: settings.nodeName),
                        note: "\(error)"
                    )
                )
            }
        )
        let status = StatusBoard(families: families, start: .now)
        status.note(settingsKeeper.degradedAtStart)
        let manager = ServiceManager()
        let proxy = ServiceProxy(
            settings: settings,
            gracefulTimeout: gracefulTimeout,
            families: families,
            dataplane: dataplane,
            settingsKeeper: settingsKeeper,
            metrics: metrics,
            health: surfaces.health,
            healthCheckPorts: surfaces.healthCheckPorts,
            virtualServerCounters: virtualServerCounters,
            status: status,
            isDryRun: isDryRun,
            manager: manager,
            logger: logger,
            record: record
        )
        // Shutdown goes in the reverse order: the sources stop first.
        var services: [any ServiceLifecycle.Service] = surfaces.services
        services += [
            PassService(proxy: proxy, manager: manager),
            NodeAddressService(proxy: proxy, logger: logger),
            statusSocket(LocalAnswers(status: status, health: surfaces.health, proxy: proxy, facts: statusFacts)),
        ]
        if let configurationFile {
            services.append(
                ConfigurationFileService(
                    path: configurationFile.path,
                    contents: configurationFile.contents,
                    logger: logger
                )
            )
        }
        services += source.services(
            for: proxy, settings: settings, metrics: metrics, status: status, logger: logger, record: record)
        record(
            ClusterEvent(
                .normal,
                reason: "Starting",
                action: "StartKubeProxy",
                regarding: .node(named: settings.nodeName),
                note: "Starting kube-ipvs \(start.version)"
            )
        )
        // Without names of their own, each would be a dump of its fields, in the log and in what the group throws.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, serviceName: "\(type(of: $0))") },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }

    /// What does not change of the daemon's status.
    private var statusFacts: StatusReport {
        StatusReport(time: "", node: settings.nodeName, version: start.version, uptime: 0, source: "\(source)")
    }

    private func statusSocket(_ answers: LocalAnswers) -> LocalStatusSocket {
        let name = isDryRun ? LocalStatusSocket.dryRunName : LocalStatusSocket.usualName
        return LocalStatusSocket(name, logger: logger) { await answers.answer($0) }
    }

    private func openIPVS() throws(StartError) -> sending KernelIPVS {
        // To open it would load it.
        if isDryRun, KernelModule.isAbsent("ip_vs") {
            throw StartError("ip_vs is not loaded, and a dry run loads nothing: no proxy has used IPVS on this node")
        }
        do throws(DataplaneError) {
            let ipvs = try KernelIPVS()
            if !isDryRun { try SchedulerProbe.check(settings.scheduler, on: ipvs) }
            return ipvs
        } catch {
            throw StartError("\(error)")
        }
    }

    private func openDataplane(_ ipvs: sending KernelIPVS) async throws(StartError) -> sending Dataplane {
        do throws(DataplaneError) {
            let rules = try await KernelIPTables.open()
            rules.onUnread = { [logger] in logger.warning("foreign rules", metadata: ["unread": "\($0)"]) }
            let tellOfPorts = { @Sendable [logger] (program: String) in
                logger.warning(
                    "masqueraded connections get no random source ports: iptables has no --random-fully",
                    metadata: ["program": "\(program)"])
            }
            rules.onNoRandomFully = tellOfPorts
            if !rules.supportsRandomFully { tellOfPorts("iptables \(rules.version)") }
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
                conntrack: try KernelConntrack(),
                settings: KernelSettings()
            )
        } catch {
            throw StartError("\(error)")
        }
    }
}

extension EffectiveSettings {
    /// Whether nothing tells the cluster's traffic from other traffic, so that only what the node sends from virtual IPs is
    /// masqueraded on its way to cluster IPs.
    fileprivate var masqueradesNothingKnown: Bool {
        if case .clusterCIDR(let networks) = detectLocalMode { networks.isEmpty && !masqueradeAll } else { false }
    }
}
