// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// Whom we trust, and how we show who we are.
@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
    @Test func `a server of the trusted authority is taken, by address and by name`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            #expect(await HTTPTransport(.local(server.port)).failure() == nil)
            #expect(await HTTPTransport(.local(server.port, host: "localhost")).failure() == nil)
        }
    }

    @Test func `a server of another authority is refused`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .stranger) { server in
            let failure = await HTTPTransport(.local(server.port)).failure()?.failure
            #expect(failure?.kind == .tls)
            #expect(
                failure?.explanation.hasSuffix(
                    "the server's certificate is not of a trusted authority") == true)
            #expect(server.api.requests.isEmpty)
        }
    }

    @Test func `a server is not trusted because the system would`() async throws {
        // Without an authority in the configuration those of the system count, and the test's is none of them.
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            let connection = ClusterConnection(server: ServerAddress(host: "127.0.0.1", port: server.port))
            #expect(await HTTPTransport(connection).failure()?.failure?.kind == .tls)
        }
    }

    @Test func `a certificate for another name is refused`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            // The peer's address is in the certificate. It is not what was asked for.
            var connection = ClusterConnection.local(server.port)
            connection.serverName = "elsewhere.example"
            let failure = await HTTPTransport(connection).failure()?.failure
            #expect(failure?.kind == .tls)
            #expect(
                failure?.explanation.hasSuffix("the server's certificate is not for the name elsewhere.example") == true
            )
            #expect(server.api.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ("api.example.com", "api.example.com", true),
        ("api.example.com", "API.Example.com", true),
        ("api.example.com", "*.example.com", true),
        ("api.example.com", "*.com", false),
        ("a.api.example.com", "*.example.com", false),
        ("example.com", "*.example.com", false),
        (".example.com", "*.example.com", false),
        ("api.example.com", "a*.example.com", false),
        ("api.example.com", "api.example.com.", false),
        ("api", "*", false),
        ("api.example.com.", "api.example.com", true),
        ("api.example.com.", "api.example.com.", true),
        ("api.example.com..", "api.example.com", false),
        ("my_api.example.com", "*.example.com", true),
        ("-api.example.com", "*.example.com", false),
        ("", "", false),
        (".", ".", false),
    ])
    func `a wildcard stands for one label`(name: String, pattern: String, isLike: Bool) {
        #expect(ServerIdentity.isName(name, like: pattern) == isLike)
    }

    @Test func `with tls-server-name the certificate must be for that name`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            var connection = ClusterConnection.local(server.port)
            connection.serverName = "kubernetes.default.svc"
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `only where the file says so anybody is taken`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .stranger) { server in
            var connection = ClusterConnection.local(server.port)
            connection.trust = .anyone
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `a server that wants a client certificate gets it`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .mutual) { server in
            var connection = ClusterConnection.local(server.port)
            #expect(await HTTPTransport(connection).failure()?.failure != nil)
            #expect(server.api.requests.isEmpty)
            connection.user.certificate = .init(
                chain: .data(Secret(Array(TestCertificates.client.utf8))),
                key: .data(Secret(Array(TestCertificates.clientKey.utf8)))
            )
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `a client certificate that a plugin gives is used`() async throws {
        let directory = try TestDirectory()
        let chain = TestCertificates.client.replacing("\n", with: "\\n")
        let key = TestCertificates.clientKey.replacing("\n", with: "\\n")
        let program = try directory.write(
            "plugin",
            """
            #!/bin/sh
            cat <<'REPLY'
            {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
             "status":{"clientCertificateData":"\(chain)","clientKeyData":"\(key)"}}
            REPLY
            """,
            isProgram: true
        )
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .mutual) { server in
            var connection = ClusterConnection.local(server.port)
            connection.user.authorization = .plugin(ExecPlugin(version: .v1, command: program))
            #expect(await HTTPTransport(connection).failure() == nil)
        }
    }

    @Test func `an authority that is replaced in its file is used for the next connection`() async throws {
        let directory = try TestDirectory()
        let path = try directory.write("ca.crt", TestCertificates.strangersAuthority)
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            var connection = ClusterConnection.local(server.port)
            connection.trust = .authorities(.file(path))
            let transport = HTTPTransport(connection, fileAge: .zero)
            #expect(await transport.failure()?.failure?.kind == .tls)
            try directory.write("ca.crt", TestCertificates.authority)
            #expect(await transport.failure() == nil)
        }
    }

    @Test func `plain HTTP where TLS should be is told`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer()) { server in
            let failure = await HTTPTransport(.local(server.port)).failure()?.failure
            #expect(failure?.kind == .tls)
            #expect(failure?.explanation.hasSuffix("the server does not speak TLS") == true)
        }
    }
}
