// SPDX-License-Identifier: GPL-2.0-or-later
import SmallFiles

extension ClusterConnection {
    /// The connection that a kubeconfig describes.
    ///
    /// - Parameters:
    ///   - path: The file. It must be there.
    ///   - server: Takes the place of the cluster's `server` where it is not empty, as kube-proxy's `--master`.
    ///   - environment: Says which proxy to use where the kubeconfig names none (`HTTPS_PROXY`, `NO_PROXY`).
    /// - Throws: Everything that is wrong with what the current context needs.
    public static func kubeconfig(
        path: String,
        server: String = "",
        environment: [String: String]
    ) throws(ConnectionError) -> ClusterConnection {
        try kubeconfig(paths: [path], server: server, environment: environment, mayBeMissing: false)
    }

    /// The connection that the files of `KUBECONFIG` describe together: a list with colons, where the first file that has
    /// an entry of some name wins and files that are missing are passed over.
    public static func kubeconfig(
        list: String,
        server: String = "",
        environment: [String: String]
    ) throws(ConnectionError) -> ClusterConnection {
        let paths = list.split(separator: ":").map(String.init)
        return try kubeconfig(paths: paths, server: server, environment: environment, mayBeMissing: true)
    }

    /// As kube-proxy finds its API server: the kubeconfig file where one is given; then the files of `KUBECONFIG`, which
    /// kube-proxy does not look at; a bare server address; and else the cluster that this Pod runs in.
    ///
    /// - Parameters:
    ///   - kubeconfig: `clientConnection.kubeconfig` or `--kubeconfig`; may be empty.
    ///   - server: `--master`; may be empty.
    ///   - serviceAccountDirectory: Where a Pod's credentials are.
    public static func find(
        kubeconfig path: String,
        server: String,
        environment: [String: String],
        serviceAccountDirectory: String = serviceAccountDirectory
    ) throws(ConnectionError) -> ClusterConnection {
        if !path.isEmpty {
            return try kubeconfig(path: path, server: server, environment: environment)
        }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            return try kubeconfig(list: list, server: server, environment: environment)
        }
        guard server.isEmpty else {
            return try bare(server: server, environment: environment)
        }
        return try inCluster(environment: environment, directory: serviceAccountDirectory)
    }

    private static func bare(
        server: String,
        environment: [String: String]
    ) throws(ConnectionError) -> ClusterConnection {
        var problems: [ConnectionError.Problem] = []
        do throws(AddressProblem) {
            var connection = ClusterConnection(server: try ServerAddress(server, defaultsToTLS: false))
            connection.useEnvironment(environment, problems: &problems)
            if problems.isEmpty { return connection }
        } catch {
            problems.append(.init(place: "--master", key: "", reason: "\(error)"))
        }
        throw ConnectionError(problems: problems)
    }

    private static func kubeconfig(
        paths: [String],
        server: String,
        environment: [String: String],
        mayBeMissing: Bool
    ) throws(ConnectionError) -> ClusterConnection {
        var merged = Kubeconfig()
        var problems: [ConnectionError.Problem] = []
        for path in paths {
            do throws(FileProblem) {
                let reader = KubeconfigReader(try SmallFile.read(path), file: path)
                merged.merge(reader.kubeconfig)
                problems += reader.problems
            } catch {
                if !(mayBeMissing && error.isMissingFile) {
                    problems.append(.init(place: path, key: "", reason: "\(error)"))
                }
            }
        }
        if merged.files.isEmpty, problems.isEmpty {
            problems.append(.init(place: "KUBECONFIG", key: "", reason: "none of the files is there"))
        }
        guard problems.isEmpty else { throw ConnectionError(problems: problems) }
        var connection = try merged.connection(server: server)
        connection.useEnvironment(environment, problems: &problems)
        guard problems.isEmpty else { throw ConnectionError(problems: problems) }
        return connection
    }
}
