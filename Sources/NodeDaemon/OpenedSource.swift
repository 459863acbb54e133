// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import KubernetesHTTP
import KubernetesWatch
import Logging
import ManifestFiles
import ServiceLifecycle

/// A source of objects that is known to be there, before anything in the kernel is touched.
enum OpenedSource {
    case manifests(ManifestUpdates)
    case cluster(ClusterClient, EventRecorder<HTTPTransport>, ClusterConnection)

    /// - Parameter observe: called with what comes of each request to the API server.
    /// - Throws: when there is no such directory.
    init(
        _ source: ObjectSource,
        settings: EffectiveSettings,
        version: String,
        logger: Logger,
        observe: @escaping @Sendable (RequestObservation) -> Void = { _ in }
    ) throws(StartError) {
        switch source {
        case .manifests(let path):
            do throws(ManifestDirectoryError) {
                self = .manifests(try ManifestDirectory(path: path).updates())
            } catch {
                throw StartError("\(error)")
            }
        case .cluster(let connection):
            let client = ClusterClient(
                connection,
                settings: .init(settings.client),
                version: version,
                logger: logger,
                observe: observe
            )
            let events = client.eventRecorder(hostName: settings.nodeName, logger: logger)
            self = .cluster(client, events, connection)
        }
    }

    /// What hands the objects on to `proxy`.
    func services(
        for proxy: ServiceProxy,
        settings: EffectiveSettings,
        metrics: ProxyMetrics,
        logger: Logger
    ) -> [any ServiceLifecycle.Service] {
        switch self {
        case .manifests(let updates):
            [
                ManifestService(
                    updates: updates,
                    nodeName: settings.nodeName,
                    proxy: proxy,
                    metrics: metrics.objects,
                    logger: logger
                )
            ]
        case .cluster(let client, let events, let connection):
            [
                EventService(recorder: events),
                APIServerAddressService(connection: connection, proxy: proxy, logger: logger),
                ClusterService(client: client, settings: settings, proxy: proxy, metrics: metrics, logger: logger),
            ]
        }
    }

    /// Whether the own Node is among the objects. A directory need not have it.
    var hasOwnNode: Bool {
        switch self {
        case .manifests: false
        case .cluster: true
        }
    }

    /// Has an event written where there is a cluster to write it to.
    func record(_ event: ClusterEvent) {
        if case .cluster(_, let events, _) = self {
            events.record(event)
        }
    }

    /// Writes an event before the end, if that can be done in a few seconds.
    func write(_ event: ClusterEvent) async {
        if case .cluster(_, let events, _) = self {
            await events.write(event, within: .seconds(5))
        }
    }
}

extension ClusterClient.Settings {
    init(_ client: EffectiveSettings.Client) {
        self.init(
            acceptContentTypes: client.acceptContentTypes ?? "",
            contentType: client.contentType,
            requestsPerSecond: client.requestsPerSecond.map(Double.init) ?? 0
        )
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
