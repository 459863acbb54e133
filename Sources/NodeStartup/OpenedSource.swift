// SPDX-License-Identifier: GPL-2.0-or-later
package import KubeProxyConfig
package import KubernetesHTTP
import KubernetesWatch
package import Logging
package import ManifestFiles

/// A source of objects that is known to be there, before anything in the kernel is touched.
package enum OpenedSource {
    case manifests(ManifestUpdates)
    case cluster(ClusterClient, EventRecorder<HTTPTransport>, ClusterConnection)

    /// - Parameter observe: called with what comes of each request to the API server.
    /// - Throws: when there is no such directory.
    package init(
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

    /// Whether the own Node is among the objects. A directory need not have it.
    package var hasOwnNode: Bool {
        switch self {
        case .manifests: false
        case .cluster: true
        }
    }

    /// Has an event written where there is a cluster to write it to.
    package func record(_ event: ClusterEvent) {
        if case .cluster(_, let events, _) = self {
            events.record(event)
        }
    }

    /// Writes an event before the end, if that can be done in a few seconds.
    package func write(_ event: ClusterEvent) async {
        if case .cluster(_, let events, _) = self {
            await events.write(event, within: .seconds(5))
        }
    }
}

extension ClusterClient.Settings {
    package init(_ client: EffectiveSettings.Client) {
        self.init(
            acceptContentTypes: client.acceptContentTypes ?? "",
            contentType: client.contentType,
            requestsPerSecond: client.requestsPerSecond.map(Double.init) ?? 0
        )
    }
}
