// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import HTTPSurfaces
import KubeProxyConfig
import KubernetesObjects
import Logging
import ProxyTelemetry
import ServiceLifecycle

/// What the daemon shows of itself over HTTP: the health server, the metrics server and the health-check node ports, with
/// what stands behind them.
struct NodeSurfaces: Sendable {
    let metrics: ProxyMetrics
    let health: HealthBoard
    let healthCheckPorts: HealthCheckPorts
    private let settings: EffectiveSettings
    private let start: StartFacts
    private let isDryRun: Bool
    private let logger: Logger
    private let onBindFailure: @Sendable (ServerKind, ListenError) async -> Void

    /// A server that there is one of, by what kube-proxy calls the event of its failure.
    enum ServerKind: String, Sendable {
        case health = "FailedToStartProxierHealthcheck"
        case metrics = "FailedToStartMetricServer"
    }

    /// - Parameters:
    ///   - needsNode: whether the own Node has to be known before the node is eligible for traffic.
    ///   - onHealthCheckFailure: called when a Service's health-check node port cannot be opened: once until it changes.
    ///   - onBindFailure: called when a server's address cannot be bound and that is to end the daemon, before it does.
    init(
        settings: EffectiveSettings,
        families: [IPFamily],
        start: StartFacts,
        metrics: ProxyMetrics,
        needsNode: Bool,
        isDryRun: Bool = false,
        logger: Logger,
        onHealthCheckFailure: @escaping @Sendable (ObjectName, ListenError) -> Void = { _, _ in },
        onBindFailure: @escaping @Sendable (ServerKind, ListenError) async -> Void = { _, _ in }
    ) {
        self.onBindFailure = onBindFailure
        self.settings = settings
        self.start = start
        self.isDryRun = isDryRun
        self.logger = logger
        self.metrics = metrics
        health = HealthBoard(families: families, timeout: settings.syncPeriod * 2, needsNode: needsNode)
        healthCheckPorts = HealthCheckPorts(health: health, logger: logger, onFailure: onHealthCheckFailure)
    }

    /// The servers that the settings ask for.
    var services: [any ServiceLifecycle.Service] {
        var services: [any ServiceLifecycle.Service] = [healthCheckPorts]
        if let endpoint = settings.healthEndpoint {
            let surface = HealthSurface(health: health, metrics: metrics.kubeProxy)
            services.append(server(.health, "health", endpoint) { surface.answer($0) })
        } else {
            let name = isDryRun ? LocalHealthSocket.dryRunName : LocalHealthSocket.name
            services.append(LocalHealthSocket(name, health: health, logger: logger))
        }
        if let endpoint = settings.metricsEndpoint {
            let surface = MetricsSurface(
                metrics: metrics,
                facts: start,
                gates: settings.featureGates,
                isProfiled: settings.enableProfiling
            )
            services.append(
                server(.metrics, "metrics", endpoint, writablePaths: surface.writablePaths) { surface.answer($0) }
            )
        }
        return services
    }

    private func server(
        _ kind: ServerKind,
        _ name: String,
        _ endpoint: BindAddress,
        writablePaths: Set<String> = [],
        _ responder: @escaping HTTPListener.Responder
    ) -> HTTPServer {
        HTTPServer(
            name,
            on: ListenAddress(address: endpoint.address, port: endpoint.port, scope: .everyFamily),
            writablePaths: writablePaths,
            bindFailure: settings.bindAddressHardFail ? .fails : .isRetried(every: .seconds(5)),
            logger: logger,
            onFailure: { [onBindFailure] error in await onBindFailure(kind, error) },
            responder: responder
        )
    }
}
