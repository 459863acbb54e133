// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import Telemetry

/// All metrics of the daemon: kube-proxy's own under their names, what kube-ipvs adds, and those of the process.
/// `docs/metrics.md` lists them.
public struct ProxyMetrics: Sendable {
    public let registry: MetricRegistry
    public let kubeProxy: KubeProxyMetrics
    public let passes: PassMetrics
    public let objects: ObjectMetrics
    public let settings: SettingMetrics
    public let dryRun: DryRunMetrics
    public let api: APIMetrics
    package let client: ClientMetrics
    package let indicators: ServiceLevelIndicators
    public let traffic: TrafficMetrics
    let process: ProcessMetrics
    private let registrations: RegistrationMetrics

    /// - Parameters:
    ///   - families: those that the node serves; each has its series from the start.
    ///   - build: which program this is.
    public init(families: [IPFamily], build: BuildFacts) {
        let registry = MetricRegistry()
        self.registry = registry
        kubeProxy = KubeProxyMetrics(registry, families)
        passes = PassMetrics(registry, families)
        objects = ObjectMetrics(registry, families)
        settings = SettingMetrics(registry)
        dryRun = DryRunMetrics(registry)
        api = APIMetrics(registry)
        client = ClientMetrics(registry)
        indicators = ServiceLevelIndicators()
        traffic = TrafficMetrics(registry)
        process = ProcessMetrics(registry)
        build.register(in: registry)
        registrations = RegistrationMetrics(registry)
    }

    /// Everything as the text that `/metrics` answers with.
    public func text() -> String {
        process.refresh()
        registrations.refresh()
        return registry.text
    }
}
