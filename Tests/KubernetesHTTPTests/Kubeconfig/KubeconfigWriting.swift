// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting

@testable import KubernetesHTTP

/// Kubeconfigs in a directory with the files that they name.
protocol KubeconfigWriting {
    var directory: TestDirectory { get }
}

extension KubeconfigWriting {
    static func makeDirectory() throws -> TestDirectory {
        let directory = try TestDirectory()
        try directory.write("ca.crt", TestCertificates.authority)
        try directory.write("client.crt", TestCertificates.client)
        try directory.write("client.key", TestCertificates.clientKey)
        try directory.write("token", "t0ken\n")
        return directory
    }

    /// A kubeconfig with one cluster and one user.
    func config(
        cluster: String = "server: https://10.0.0.1:6443",
        user: String = "token: abc",
        rest: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: here
        contexts:
        - name: here
          context: {cluster: c, user: u}
        clusters:
        - name: c
          cluster:
            \(cluster.split(separator: "\n").joined(separator: "\n    "))
        users:
        - name: u
          user:
            \(user.split(separator: "\n").joined(separator: "\n    "))
        \(rest)
        """
    }

    func load(_ text: String, server: String = "", environment: [String: String] = [:]) throws
        -> ClusterConnection
    {
        let path = try directory.write("config", text)
        return try ClusterConnection.kubeconfig(path: path, server: server, environment: environment)
    }

    /// What is wrong with a kubeconfig, one line each, without the directory.
    func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try load(text, environment: environment)
            return []
        } catch let error as ConnectionError {
            return error.problems.map { $0.description.replacing(directory.path + "/", with: "") }
        } catch {
            return ["\(error)"]
        }
    }
}
