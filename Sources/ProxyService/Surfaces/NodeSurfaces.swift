import Addressing
import HTTPSurfaces
import KubeProxyConfig
import KubernetesObjects
import Logging
import ServiceLifecycle

/// What the daemon shows of itself over HTTP: the health server, the metrics server and the health-check node ports, with
/// what stands behind them.
struct NodeSurfaces: Sendable {
    let metrics: ProxyMetrics
    let health: HealthBoard
    let healthCheckPorts: HealthCheckPorts
    private let settings: EffectiveSettings
    private let start: StartFacts
    private let logger: Logger

    /// - Parameters:
    ///   - needsNode: whether the own Node has to be known before the node is eligible for traffic.
    ///   - onHealthCheckFailure: called when a Service's health-check node port cannot be opened: once until it changes.
    init(
        settings: EffectiveSettings,
        families: [IPFamily],
        start: StartFacts,
        needsNode: Bool,
        logger: Logger,
        onHealthCheckFailure: @escaping @Sendable (ObjectName, ListenError) -> Void = { _, _ in }
    ) {
        self.settings = settings
        self.start = start
        self.logger = logger
        metrics = ProxyMetrics(
            families: families,
            build: BuildFacts(version: start.version, featureGates: settings.featureGates)
        )
        health = HealthBoard(families: families, timeout: settings.syncPeriod * 2, needsNode: needsNode)
        healthCheckPorts = HealthCheckPorts(health: health, logger: logger, onFailure: onHealthCheckFailure)
    }

    /// The servers that the settings ask for.
    var services: [any ServiceLifecycle.Service] {
        var services: [any ServiceLifecycle.Service] = [healthCheckPorts]
        if let endpoint = settings.healthEndpoint {
            let surface = HealthSurface(health: health, metrics: metrics.kubeProxy)
            services.append(server("health", endpoint) { surface.answer($0) })
        }
        if let endpoint = settings.metricsEndpoint {
            let surface = MetricsSurface(metrics: metrics, facts: start, gates: settings.featureGates)
            services.append(server("metrics", endpoint) { surface.answer($0) })
        }
        return services
    }

    private func server(
        _ name: String,
        _ endpoint: KubeProxyConfig.Endpoint,
        _ responder: @escaping HTTPListener.Responder
    ) -> HTTPServer {
        HTTPServer(
            name,
            on: ListenAddress(address: endpoint.address, port: endpoint.port, scope: .everyFamily),
            bindFailure: settings.bindAddressHardFail ? .fails : .isRetried(every: .seconds(5)),
            logger: logger,
            responder: responder
        )
    }
}
