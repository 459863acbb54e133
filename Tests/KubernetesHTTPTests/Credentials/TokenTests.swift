// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// Tokens that rotate, against a server that wants the newest.
struct TokenTests {
    private let directory: TestDirectory
    private let api = FakeAPIServer()

    init() throws {
        directory = try TestDirectory()
        try directory.write("token", "one\n")
        try directory.write("ca.crt", TestCertificates.authority)
        api.options.token = "one"
    }

    private func inCluster(_ server: HTTPAPIServer, fileAge: Duration = .seconds(60)) throws -> HTTPTransport {
        let connection = try ClusterConnection.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(server.port)"],
            directory: directory.path
        )
        return HTTPTransport(connection, fileAge: fileAge)
    }

    private var shown: [String?] { api.requests.map(\.authorization) }

    @Test func `a token that has rotated is read again when the server refuses the old one`() async throws {
        try await HTTPAPIServer.run(api, tls: .trusted) { [self] server in
            let transport = try inCluster(server)
            #expect(await transport.failure() == nil)
            try directory.write("token", "two\n")
            // Read less than a minute ago: still good, for all that is known.
            #expect(await transport.failure() == nil)
            api.options.token = "two"
            #expect(await transport.failure() == nil)
            #expect(shown == ["Bearer one", "Bearer one", "Bearer one", "Bearer two"])
        }
    }

    @Test func `a token is read again when it is older than a minute, or what the limit is`() async throws {
        try await HTTPAPIServer.run(api, tls: .trusted) { [self] server in
            let transport = try inCluster(server, fileAge: .zero)
            #expect(await transport.failure() == nil)
            try directory.write("token", "two\n")
            api.options.token = "two"
            #expect(await transport.failure() == nil)
            #expect(shown == ["Bearer one", "Bearer two"])
        }
    }

    @Test func `a token that is refused is shown once`() async throws {
        api.options.token = "another"
        try await HTTPAPIServer.run(api, tls: .trusted) { [self] server in
            let error = try await inCluster(server).failure()
            #expect(error?.status?.code == 401)
            #expect(shown == ["Bearer one"])
        }
    }

    @Test func `a token file that is away for a moment costs nothing`() async throws {
        try await HTTPAPIServer.run(api, tls: .trusted) { [self] server in
            let transport = try inCluster(server, fileAge: .zero)
            #expect(await transport.failure() == nil)
            try directory.write("token", "")
            #expect(await transport.failure() == nil)
            #expect(shown == ["Bearer one", "Bearer one"])
        }
    }

    @Test func `a plugin runs again when the server refuses its token`() async throws {
        let program = try directory.write(
            "plugin",
            """
            #!/bin/sh
            token=$(cat '\(directory.path)/token')
            echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$token'"}}'
            """,
            isProgram: true
        )
        try await HTTPAPIServer.run(api, tls: .trusted) { [self] server in
            var connection = ClusterConnection.local(server.port)
            connection.user.authorization = .plugin(ExecPlugin(version: .v1, command: program))
            let transport = HTTPTransport(connection)
            #expect(await transport.failure() == nil)
            try directory.write("token", "two")
            api.options.token = "two"
            #expect(await transport.failure() == nil)
            #expect(shown == ["Bearer one", "Bearer one", "Bearer two"])
        }
    }

    @Test func `credentials that cannot be had are a failure of their own`() async throws {
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            var connection = ClusterConnection.local(server.port)
            connection.user.authorization = .tokenFile("/none/token")
            let failure = await HTTPTransport(connection).failure()?.failure
            #expect(failure?.kind == .credentials)
            #expect(failure?.explanation == "token: /none/token: No such file or directory")
        }
    }
}
