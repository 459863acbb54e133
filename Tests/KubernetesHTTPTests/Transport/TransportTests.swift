// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import NIOHTTP1
import Synchronization
import Testing

@testable import KubernetesHTTP

/// What goes over the wire, and what comes back.
@Suite(.timeLimit(.minutes(5)))
struct TransportTests {
    @Test func `a request has the headers that it must have`() async throws {
        try await RawServer.run { server in
            var connection = ClusterConnection.plain(server.port)
            connection.server.pathPrefix = "/clusters/one"
            connection.user.authorization = .token(Secret("abc"))
            connection.user.impersonation = [Header(name: "Impersonate-User", value: "me")]
            let transport = HTTPTransport(
                connection, userAgent: ClusterClient.userAgent(version: "1.2"), logger: .silent)
            let request = APIRequest(
                path: "/api/v1/services",
                query: [.init("labelSelector", "!service.kubernetes.io/service-proxy-name"), .init("limit", "500")],
                accept: "application/vnd.kubernetes.protobuf, application/json"
            )
            #expect(await transport.failure(request) == nil)
            let head = try #require(server.requests.first)
            #expect(head.method == .GET)
            #expect(
                head.uri
                    == "/clusters/one/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name&limit=500"
            )
            #expect(head.headers["Host"] == ["127.0.0.1:\(server.port)"])
            #expect(head.headers["Accept"] == ["application/vnd.kubernetes.protobuf, application/json"])
            #expect(head.headers["Authorization"] == ["Bearer abc"])
            #expect(head.headers["Impersonate-User"] == ["me"])
            #expect(head.headers["Accept-Encoding"] == [])
            let agent = try #require(head.headers["User-Agent"].first)
            #expect(["kube-ipvs/1.2 (linux/amd64)", "kube-ipvs/1.2 (linux/arm64)"].contains(agent))
        }
    }

    @Test func `what comes of requests is told, but not how long a watch lasts`() async throws {
        let seen = Mutex<[RequestObservation]>([])
        let port = try await HTTPAPIServer.run(FakeAPIServer()) { server in
            let transport = HTTPTransport(.plain(server.port), userAgent: "test", logger: .silent) { observation in
                seen.withLock { $0.append(observation) }
            }
            #expect(await transport.failure() == nil)
            _ = await transport.failure(APIRequest(path: "/nowhere"))
            let watch = APIRequest(
                path: "/api/v1/services",
                query: [.init("watch", "true"), .init("resourceVersion", "\(server.api.version)")])
            #expect(watch.isWatch)
            _ = try await transport.send(watch)
            return server.port
        }
        _ = await HTTPTransport(.plain(port), userAgent: "test", logger: .silent) { observation in
            seen.withLock { $0.append(observation) }
        }.failure()
        let observations = seen.withLock { $0 }
        #expect(observations.allSatisfy { $0.method == "GET" && $0.host == "127.0.0.1:\(port)" })
        let stages = observations.map { observation in
            switch observation.stage {
            case .answered(let code): "\(code)"
            case .unanswered: "-"
            case .done(let duration, let sent, let received):
                duration > .zero && sent == 0 && received > 10 ? "done" : "\(observation)"
            }
        }
        #expect(stages == ["200", "done", "404", "done", "200", "-"])
    }

    @Test func `a body is sent with its type and length`() async throws {
        try await RawServer.run { server in
            let transport = HTTPTransport(.plain(server.port))
            let request = APIRequest(
                method: .post, path: "/x", contentType: "application/json", body: Array("{}".utf8)
            )
            #expect(await transport.failure(request) == nil)
            let head = try #require(server.requests.first)
            #expect(head.method == .POST)
            #expect(head.headers["Content-Type"] == ["application/json"])
            #expect(head.headers["Content-Length"] == ["2"])
        }
    }

    @Test func `a user name and password are shown as basic authorization`() async throws {
        try await RawServer.run { server in
            var connection = ClusterConnection.plain(server.port)
            connection.user.authorization = .password(user: "Aladdin", Secret("open sesame"))
            #expect(await HTTPTransport(connection).failure() == nil)
            #expect(server.requests.first?.headers["Authorization"] == ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="])
        }
    }

    @Test func `a server may have an IPv6 address`() async throws {
        try await RawServer.run(host: "::1") { server in
            let connection = ClusterConnection(server: ServerAddress(isTLS: false, host: "::1", port: server.port))
            #expect(await HTTPTransport(connection).failure() == nil)
            #expect(server.requests.first?.headers["Host"] == ["[::1]:\(server.port)"])
        }
    }

    @Test func `a redirect is not followed`() async throws {
        let answer: @Sendable (HTTPRequestHead) -> RawServer.Answer = { _ in
            RawServer.Answer(code: 302, headers: ["Location": "http://127.0.0.1:1/"])
        }
        try await RawServer.run(answer) { server in
            let error = await HTTPTransport(.plain(server.port)).failure()
            #expect(error?.status?.code == 302)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a refusal has the server's words and its Retry-After`() async throws {
        let api = FakeAPIServer()
        api.inject(
            .listRefused(
                ServerStatus(code: 429, reason: "TooManyRequests", message: "slow down", retryAfterSeconds: 7)),
            .service
        )
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let status = await HTTPTransport(.local(server.port)).failure()?.status
            #expect(status?.description == "429 TooManyRequests: slow down")
            #expect(status?.retryAfter == .seconds(7))
        }
    }

    @Test func `connections are used again`() async throws {
        let api = FakeAPIServer()
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await Relay.run(.port(server.port)) { relay in
                let transport = HTTPTransport(.local(relay.port))
                for _ in 0..<5 { #expect(await transport.failure() == nil) }
                #expect(relay.connections == 1)
            }
        }
    }

    @Test func `a reader that does not read slows the server down`() async throws {
        let total = 256 << 20
        let answer = RawServer.Answer(body: [UInt8](repeating: 0x61, count: 1 << 16), repetitions: total >> 16)
        try await RawServer.run({ _ in answer }) { server in
            let transport = HTTPTransport(.plain(server.port))
            let response = try await transport.send(APIRequest(path: "/"))
            var body = response.body.makeAsyncIterator()
            var received = try await body.next()?.count ?? 0
            // Until nothing more leaves the server: what fits between it and the reader is full.
            var before = -1
            while server.sentBytes != before {
                before = server.sentBytes
                try await Task.sleep(for: .milliseconds(100))
            }
            // The kernel's socket buffers, and little besides.
            #expect(before < 32 << 20)
            while let piece = try await body.next() { received += piece.count }
            #expect(received == total)
        }
    }

    @Test func `a response that nobody reads to its end is closed`() async throws {
        let api = FakeAPIServer()
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let transport = HTTPTransport(.local(server.port))
            let source = ResourceListWatch(.services, transport: transport)
            do {
                let list = try await source.list(.cached)
                let watch = try await source.watch(after: list.version, for: .seconds(300))
                await api.wait { $0.openWatches == 1 }
                _ = watch
            }
            await api.wait { $0.openWatches == 0 }
            #expect(api.openWatches == 0)
        }
    }

    @Test func `a cancelled reader closes its connection at once`() async throws {
        let api = FakeAPIServer()
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let transport = HTTPTransport(.local(server.port))
            let source = ResourceListWatch(.services, transport: transport)
            let version = try await source.list(.cached).version
            await withThrowingTaskGroup { group in
                group.addTask {
                    for try await _ in try await source.watch(after: version, for: .seconds(300)) {}
                }
                await api.wait { $0.openWatches == 1 }
                group.cancelAll()
            }
            await api.wait { $0.openWatches == 0 }
            #expect(api.openWatches == 0)
        }
    }
}
