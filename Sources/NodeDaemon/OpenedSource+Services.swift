// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import KubernetesHTTP
import Logging
import NodeStartup
import NodeStatus
import ProxyTelemetry
import ServiceLifecycle

extension OpenedSource {
    /// What hands the objects on to `proxy`.
    func services(
        for proxy: ServiceProxy,
        settings: EffectiveSettings,
        metrics: ProxyMetrics,
        status: StatusBoard,
        logger: Logger,
        record: @escaping @Sendable (ClusterEvent) -> Void
    ) -> [any ServiceLifecycle.Service] {
        switch self {
        case .manifests(let updates):
            [
                ManifestService(
                    updates: updates,
                    nodeName: settings.nodeName,
                    proxy: proxy,
                    metrics: metrics.objects,
                    status: status,
                    logger: logger
                )
            ]
        case .cluster(let client, let events, let connection):
            [
                EventService(recorder: events),
                APIServerAddressService(connection: connection, proxy: proxy, logger: logger),
                ClusterService(
                    client: client, settings: settings, proxy: proxy, metrics: metrics, status: status, logger: logger,
                    record: record),
            ]
        }
    }
}

/// Writes events until the daemon shuts down.
struct EventService: Service {
    let recorder: EventRecorder<HTTPTransport>

    func run() async {
        await cancelWhenGracefulShutdown {
            await recorder.run()
        }
    }
}
