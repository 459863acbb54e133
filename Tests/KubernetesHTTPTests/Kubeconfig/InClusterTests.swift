// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import Testing

@testable import KubernetesHTTP

struct InClusterTests {
    private let directory: TestDirectory
    private let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]

    init() throws {
        directory = try TestDirectory()
        try directory.write("ca.crt", TestCertificates.authority)
        try directory.write("token", "t0ken")
    }

    @Test func `a Pod finds its API server and its service account`() throws {
        let connection = try ClusterConnection.inCluster(environment: environment, directory: directory.path)
        #expect(connection.server == ServerAddress(host: "10.96.0.1", port: 443))
        #expect(connection.trust == .authorities(.file("\(directory.path)/ca.crt")))
        #expect(connection.user.authorization == .tokenFile("\(directory.path)/token"))
    }

    @Test func `the API server may have an IPv6 address`() throws {
        var environment = environment
        environment["KUBERNETES_SERVICE_HOST"] = "fd00:10:96::1"
        let connection = try ClusterConnection.inCluster(environment: environment, directory: directory.path)
        #expect(HTTPTarget(connection).url("/x") == "http://[fd00:10:96::1]:443/x")
        #expect("\(HTTPTarget(connection))" == "https://[fd00:10:96::1]:443")
    }

    @Test func `all that is missing is told`() {
        let error = #expect(throws: ConnectionError.self) {
            try ClusterConnection.inCluster(environment: [:], directory: "/none")
        }
        #expect(
            error?.problems.map(\.description) == [
                "environment: KUBERNETES_SERVICE_HOST: not set; outside of a Pod a kubeconfig must be given",
                "service account: ca.crt: /none/ca.crt: No such file or directory",
                "service account: token: /none/token: No such file or directory",
            ]
        )
    }

    @Test func `the kubeconfig that is named comes first, then KUBECONFIG, then the Pod`() throws {
        func config(_ host: String) -> String {
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
                + "clusters: [{name: c, cluster: {server: 'https://\(host)'}}]"
        }
        let named = try directory.write("named", config("named"))
        var environment = environment
        environment["KUBECONFIG"] = try directory.write("list", config("list"))
        func find(_ path: String, server: String = "") throws -> String {
            try ClusterConnection.find(
                kubeconfig: path,
                server: server,
                environment: environment,
                serviceAccountDirectory: directory.path
            ).server.description
        }
        #expect(try find(named) == "https://named:443")
        #expect(try find("") == "https://list:443")
        environment["KUBECONFIG"] = nil
        #expect(try find("", server: "10.0.0.9:8080") == "http://10.0.0.9:8080")
        #expect(try find("") == "https://10.96.0.1:443")
    }
}
