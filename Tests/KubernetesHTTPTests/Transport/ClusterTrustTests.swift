// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// Which part of a cluster's PKI counts for what, besides what certificates are like.
@Suite(.timeLimit(.minutes(5)))
struct ClusterTrustTests {
    @Test func `an intermediate authority as ca.crt of a Pod is enough`() async throws {
        let row = try await ClusterPKI.shared.row("intermediate-trusted")
        let directory = try TestDirectory()
        try directory.write("ca.crt", row.trust)
        try directory.write("token", "t")
        try await HTTPAPIServer.run(FakeAPIServer(), tls: row.server) { server in
            let connection = try ClusterConnection.inCluster(
                environment: ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(server.port)"],
                directory: directory.path
            )
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `an intermediate authority as certificate-authority of a kubeconfig is enough`() async throws {
        let row = try await ClusterPKI.shared.row("intermediate-trusted")
        try await HTTPAPIServer.run(FakeAPIServer(), tls: row.server) { server in
            let connection = try Self.kubeconfig("server: https://127.0.0.1:\(server.port)", row.trust)
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `an address as tls-server-name is whom the certificate must be for`() async throws {
        let row = try await ClusterPKI.shared.row("root")
        try await HTTPAPIServer.run(FakeAPIServer(), tls: row.server) { server in
            let place = "server: https://localhost:\(server.port)\ntls-server-name: "
            #expect(await HTTPTransport(try Self.kubeconfig(place + "127.0.0.1", row.trust)).failure() == nil)
            #expect(await HTTPTransport(try Self.kubeconfig(place + "'[127.0.0.1]'", row.trust)).failure() == nil)
            let failure = await HTTPTransport(try Self.kubeconfig(place + "127.0.0.2", row.trust)).failure()
            #expect(failure?.failure?.explanation.hasSuffix("is not for the address 127.0.0.2") == true)
        }
    }

    @Test func `an empty certificate-authority stands for the system's authorities`() async throws {
        let row = try await ClusterPKI.shared.row("root")
        let directory = try TestDirectory()
        let empty = try directory.write("ca.crt", "")
        let system = try directory.write("system.crt", row.trust)
        try await HTTPAPIServer.run(FakeAPIServer(), tls: row.server) { server in
            var connection = try Self.kubeconfig(
                "server: https://127.0.0.1:\(server.port)\ncertificate-authority: \(empty)",
                environment: ["SSL_CERT_FILE": system]
            )
            #expect(await HTTPTransport(connection).failure() == nil)
            connection = try Self.kubeconfig(
                "server: https://127.0.0.1:\(server.port)",
                environment: ["SSL_CERT_FILE": directory.path + "/none"]
            )
            let failure = await HTTPTransport(connection).failure()?.failure
            #expect(failure?.explanation.hasSuffix("is not of a trusted authority") == true)
        }
    }

    @Test func `insecure-skip-tls-verify beside an authority is an error`() async throws {
        let row = try await ClusterPKI.shared.row("root")
        let error = #expect(throws: ConnectionError.self) {
            try Self.kubeconfig("server: https://127.0.0.1\ninsecure-skip-tls-verify: true", row.trust)
        }
        #expect(error?.description.contains("insecure-skip-tls-verify: stands beside a certificate authority") == true)
    }

    @Test(arguments: ["expired", "other-root", "another-name", "own-certificate-not-trusted"])
    func `with insecure-skip-tls-verify anybody is taken`(name: String) async throws {
        let row = try await ClusterPKI.shared.row(name)
        try await HTTPAPIServer.run(FakeAPIServer(), tls: row.server) { server in
            let connection = try Self.kubeconfig(
                "server: https://127.0.0.1:\(server.port)\ninsecure-skip-tls-verify: true")
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `a server that speaks nothing newer than TLS 1.1 is refused`() async throws {
        let row = try await ClusterPKI.shared.row("root")
        var tls = row.server
        tls.version = .at1dot1
        try await HTTPAPIServer.run(FakeAPIServer(), tls: tls) { server in
            #expect(await HTTPTransport(.local(server.port, trust: row.trust)).failure()?.failure?.kind == .tls)
        }
    }

    @Test func `a server without forward secrecy is refused`() async throws {
        let row = try await ClusterPKI.shared.row("rsa-server")
        var tls = row.server
        tls.version = .at1dot2
        for (suite, isTaken) in [("AES128-GCM-SHA256", false), ("ECDHE-RSA-AES128-GCM-SHA256", true)] {
            tls.cipherSuites = suite
            try await HTTPAPIServer.run(FakeAPIServer(), tls: tls) { server in
                let failure = await HTTPTransport(.local(server.port, trust: row.trust)).failure()
                #expect(failure?.failure?.kind == (isTaken ? nil : .tls), "\(suite)")
            }
        }
    }

    @Test func `a client certificate goes with its intermediate authorities, in one file with its key`() async throws {
        let row = try await ClusterPKI.shared.row("root")
        let directory = try TestDirectory()
        let file = try directory.write("node.pem", try await ClusterPKI.shared.text("node.pem"))
        var tls = row.server
        tls.clientAuthority = row.trust
        try await HTTPAPIServer.run(FakeAPIServer(), tls: tls) { server in
            var connection = ClusterConnection.local(server.port, trust: row.trust)
            connection.user.certificate = .init(chain: .file(file), key: .file(file))
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `a client certificate with the key of another is told`() async throws {
        let row = try await ClusterPKI.shared.row("root")
        var connection = ClusterConnection.local(1, trust: row.trust)
        connection.user.certificate = .init(
            chain: .data(Secret(Array(TestCertificates.client.utf8))),
            key: .data(Secret(Array(TestCertificates.serverKey.utf8)))
        )
        let failure = await HTTPTransport(connection).failure()?.failure
        #expect(failure?.kind == .credentials)
        #expect(failure?.explanation == "certificates: client certificate and key do not fit together")
    }

    private static func kubeconfig(
        _ cluster: String,
        _ authority: String? = nil,
        environment: [String: String] = [:]
    ) throws -> ClusterConnection {
        var lines = cluster.split(separator: "\n").map(String.init)
        if let authority { lines.append("certificate-authority-data: \(Base64.encode(Array(authority.utf8)))") }
        let directory = try TestDirectory()
        let file = try directory.write(
            "config",
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters:\n- name: c\n  cluster:\n"
                + lines.map { "    \($0)\n" }.joined()
        )
        return try ClusterConnection.kubeconfig(path: file, environment: environment)
    }
}

extension ClusterPKI.Row {
    var server: HTTPAPIServer.TLS { HTTPAPIServer.TLS(certificate: chain, key: key) }
}
