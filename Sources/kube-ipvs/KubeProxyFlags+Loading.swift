// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import KubernetesHTTP
import NodeDaemon
import NodeStartup

extension KubeProxyFlags {
    /// The configuration that the flags and their file come to, and the file.
    ///
    /// - Throws: a `ValidationError` that names all that is wrong.
    func loaded() throws -> (LoadedConfiguration, Daemon.ConfigurationFile?) {
        let file = try configFile.map { path in
            Daemon.ConfigurationFile(path: path, contents: try ArgumentFile.read(path))
        }
        do throws(ConfigurationError) {
            let text = file.map { String(decoding: $0.contents, as: UTF8.self) }
            var loaded = try load(file: text, hostname: HostFacts.hostname, environment: HostFacts.environment)
            if dryRun { try loaded.settings.movePorts(by: dryRunPortOffset) }
            return (loaded, file)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Where the objects come from: a directory where one is named, else the API server.
    func source(_ client: EffectiveSettings.Client) throws(StartError) -> ObjectSource {
        if let manifests { return .manifests(manifests) }
        do throws(ConnectionError) {
            return .cluster(
                try ClusterConnection.find(
                    kubeconfig: client.kubeconfig ?? "",
                    server: client.server ?? "",
                    environment: HostFacts.environment
                )
            )
        } catch {
            throw StartError("\(error)")
        }
    }
}
