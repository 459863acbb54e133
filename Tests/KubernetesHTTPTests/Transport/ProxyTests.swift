// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

@Suite(.timeLimit(.minutes(5)))
struct ProxyTests {
    private func connection(_ server: HTTPAPIServer, proxy: String, host: String = "127.0.0.1") throws
        -> ClusterConnection
    {
        var connection = ClusterConnection.local(server.port, host: host)
        connection.proxy = try ProxyAddress(proxy)
        return connection
    }

    @Test func `requests go through the tunnel of an HTTP proxy`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            try await Relay.run(.connect(authorization: nil)) { proxy in
                let connection = try connection(server, proxy: "http://127.0.0.1:\(proxy.port)", host: "localhost")
                #expect(await HTTPTransport(connection).failure() == nil)
                #expect(proxy.targets == ["localhost:\(server.port)"])
            }
        }
    }

    @Test func `a proxy that wants a user name and password gets them`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            try await Relay.run(.connect(authorization: "Basic dXNlcjpwQHNz")) { proxy in
                let good = try connection(server, proxy: "http://user:p%40ss@127.0.0.1:\(proxy.port)")
                #expect(await HTTPTransport(good).failure() == nil)
                let bad = try connection(server, proxy: "http://user:wrong@127.0.0.1:\(proxy.port)")
                let failure = await HTTPTransport(bad).failure()?.failure
                #expect(failure?.kind == .cannotConnect)
                #expect(
                    failure?.explanation
                        == "https://127.0.0.1:\(server.port) through http://127.0.0.1:\(proxy.port): "
                        + "the proxy wants a user name and password, or others"
                )
            }
        }
    }

    @Test func `behind a proxy the certificate is compared with the server's address, not with the proxy's`()
        async throws
    {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            try await Relay.run(.connect(authorization: nil)) { proxy in
                // The certificate has 127.0.0.1, which is where the proxy is, and not 127.0.0.9, which is asked for.
                let other = try connection(server, proxy: "http://127.0.0.1:\(proxy.port)", host: "127.0.0.9")
                let failure = await HTTPTransport(other).failure()?.failure
                #expect(failure?.kind == .tls)
                #expect(
                    failure?.explanation.hasSuffix("the server's certificate is not for the address 127.0.0.9") == true)
                #expect(server.api.requests.isEmpty)

                let same = try connection(server, proxy: "http://127.0.0.1:\(proxy.port)", host: "127.0.0.1")
                #expect(await HTTPTransport(same).failure() == nil)
            }
        }
    }

    @Test func `behind a proxy a stranger's certificate is refused too`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .stranger) { server in
            try await Relay.run(.connect(authorization: nil)) { proxy in
                for host in ["127.0.0.1", "localhost"] {
                    let connection = try connection(server, proxy: "http://127.0.0.1:\(proxy.port)", host: host)
                    #expect(await HTTPTransport(connection).failure()?.failure?.kind == .tls)
                }
                #expect(server.api.requests.isEmpty)
            }
        }
    }

    @Test func `tls-server-name works through a proxy`() async throws {
        try await HTTPAPIServer.run(FakeAPIServer(), tls: .trusted) { server in
            try await Relay.run(.connect(authorization: nil)) { proxy in
                var connection = try connection(server, proxy: "http://127.0.0.1:\(proxy.port)", host: "10.1.2.3")
                connection.serverName = "kubernetes.default.svc"
                #expect(await HTTPTransport(connection).failure() == nil)
                #expect(proxy.targets == ["10.1.2.3:\(server.port)"])
            }
        }
    }
}
