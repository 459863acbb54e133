// SPDX-License-Identifier: GPL-2.0-or-later
extension Kubeconfig {
    /// The connection that the current context stands for. Reads the files that it names, to tell at once what is wrong.
    ///
    /// - Parameter server: Takes the place of the cluster's `server`, as kube-proxy's `--master`.
    func connection(server override: String = "") throws(ConnectionError) -> ClusterConnection {
        let place = files.joined(separator: ", ")
        func refusal(_ key: String, _ reason: String) -> ConnectionError {
            ConnectionError(problems: [.init(place: place, key: key, reason: reason)])
        }
        guard !currentContext.isEmpty else {
            throw refusal("current-context", "not set; there are the contexts \(Self.list(contexts.keys))")
        }
        guard let context = contexts[currentContext] else {
            throw refusal(
                "current-context",
                "no context has the name \"\(currentContext)\"; there are \(Self.list(contexts.keys))"
            )
        }
        var resolution = KubeconfigResolution()
        guard let cluster = clusters[context.value.cluster] else {
            throw refusal(
                context.origin.key + ".cluster",
                "no cluster has the name \"\(context.value.cluster)\"; there are \(Self.list(clusters.keys))"
            )
        }
        var connection = resolution.connection(cluster, override: override)
        if let user = users[context.value.user] {
            connection.user = resolution.user(user)
            connection.execInfo = connection.execInfo(cluster.value, for: connection.user)
        } else if !context.value.user.isEmpty {
            resolution.fail(
                context.origin,
                "user",
                "no user has the name \"\(context.value.user)\"; there are \(Self.list(users.keys))"
            )
        }
        resolution.checkFiles(of: connection, cluster: cluster.origin, user: users[context.value.user]?.origin)
        guard resolution.problems.isEmpty else { throw ConnectionError(problems: resolution.problems) }
        connection.warnings = resolution.warnings
        return connection
    }

    private static func list(_ names: some Sequence<String>) -> String {
        let names = names.sorted().map { "\"\($0)\"" }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
