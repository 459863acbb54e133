// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import SmallFiles

extension ClusterConnection {
    /// The `KUBERNETES_EXEC_INFO` of a plugin: an `ExecCredential` that says what is asked for.
    func execInfo(_ cluster: Kubeconfig.Cluster, for user: ClusterUser) -> JSONValue {
        guard case .plugin(let plugin) = user.authorization else { return .null }
        var spec: [JSONValue.Member] = []
        if plugin.providesClusterInfo {
            var authorities = JSONValue.null
            if case .authorities(let material) = trust, let bytes = material.bytesNow {
                authorities = .string(Base64.encode(bytes))
            }
            let info: JSONValue = [
                "server": .string(server.description),
                "tls-server-name": serverName.map { .string($0) } ?? .null,
                "insecure-skip-tls-verify": trust == .anyone ? .bool(true) : .null,
                "certificate-authority-data": authorities,
                "proxy-url": cluster.proxyURL.isEmpty ? .null : .string(cluster.proxyURL),
                "config": cluster.execConfiguration.map { JSONValue($0) } ?? .null,
            ]
            spec.append(.init(key: "cluster", value: info.withoutNulls))
        }
        spec.append(.init(key: "interactive", value: .bool(false)))
        return [
            "kind": "ExecCredential", "apiVersion": .string(plugin.version.rawValue), "spec": .object(spec),
        ]
    }
}

extension Material {
    /// `nil` for a file that cannot be read.
    fileprivate var bytesNow: [UInt8]? {
        switch self {
        case .data(let data): data.value
        case .file(let path): try? SmallFile.read(path)
        }
    }
}
