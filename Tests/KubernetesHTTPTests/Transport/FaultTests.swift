// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import NIOCore
import NIOPosix
import Testing

@testable import KubernetesHTTP

/// What goes wrong on the way, each by its name: it is one failure, told as what it is, and the objects are right after it.
@Suite(.timeLimit(.minutes(5)))
struct FaultTests {
    private static let unavailable = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "starting")

    @Test(
        arguments: [
            (APIFault.listRefused(unavailable), "server_error"),
            (.listRefused(ServerStatus(code: 403, reason: "Forbidden", message: "no list for you")), "forbidden"),
            (.listReset, "connection_lost"),
            (.listFallsSilent, "silent"),
            (.listCutShort, "malformed"),
        ], ListWatchOptions.Listing.allCases)
    func `a list that fails is tried again`(
        row: (fault: APIFault, label: String),
        listing: ListWatchOptions.Listing
    ) async throws {
        let fault = row.fault
        // A watch that ends within a message was cut off, whatever the message is of.
        let label = listing == .streams && fault == .listCutShort ? "connection_lost" : row.label
        let api = FakeAPIServer()
        api.set(service("web"))
        api.inject(fault, .service)
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await follow(server.port, listing, isImpatient: label == "silent") { mirror in
                await mirror.wait { $0.watches == 1 }
                expect(mirror, failedWith: label)
                #expect(mirror.objects.count == 1)
            }
        }
    }

    @Test func `pages that expire are listed again`() async throws {
        let api = FakeAPIServer()
        for index in 0..<600 { api.set(service("s\(index)")) }
        api.inject(.listExpiresBetweenPages, .service)
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await follow(server.port, isImpatient: false) { mirror in
                await mirror.wait { $0.watches == 1 }
                #expect(mirror.objects.count == 600)
                #expect(mirror.failures == [])
            }
        }
    }

    @Test(
        arguments: [
            (APIFault.watchRefused(unavailable), "server_error", false),
            (.watchRefused(.expired("1")), "expired", true),
            (.watchError(.expired("1")), "expired", true),
            (.watchError(unavailable), "server_error", false),
            (.watchEndsAtOnce, "", false),
            (.watchReset, "connection_lost", false),
            (.watchHalfClosed, "connection_lost", false),
            (.watchFallsSilent, "silent", false),
            (.watchResetWithinMessage, "connection_lost", false),
            (.watchCutShort, "connection_lost", false),
            (.malformedMessage, "malformed", true),
            (.oversizedMessage, "malformed", true),
            (.unknownMessageType, "malformed", true),
            (.duplicateMessage, "", false),
        ], ListWatchOptions.Listing.allCases)
    func `a watch that fails is made good`(
        row: (fault: APIFault, label: String, isRelisted: Bool),
        listing: ListWatchOptions.Listing
    ) async throws {
        let (fault, label, isRelisted) = row
        let api = FakeAPIServer()
        api.set(service("web"))
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await follow(server.port, listing, isImpatient: label == "silent") { mirror in
                await mirror.wait { $0.watches == 1 }
                // The watch has delivered something: that it ends is no failure then.
                api.set(service("second"))
                await mirror.wait { $0.objects.count == 2 }
                api.inject(fault, .service)
                await api.wait { $0.waitingFaults == 0 }
                api.set(service("third"))
                api.deleteService("web")
                await mirror.wait { mirror in
                    Set(mirror.objects.keys.map(\.name)) == ["second", "third"]
                        && (label.isEmpty || !mirror.failures.isEmpty)
                }
                expect(mirror, failedWith: label)
                #expect(mirror.lists == (isRelisted ? 2 : 1))
            }
        }
    }

    @Test func `a connection that dies silently is replaced by a new one`() async throws {
        let api = FakeAPIServer()
        api.set(service("web"))
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await Relay.run(.port(server.port)) { relay in
                try await follow(relay.port, isImpatient: true) { mirror in
                    await mirror.wait { $0.watches == 1 }
                    let before = relay.connections
                    relay.freeze()
                    api.set(service("second"))
                    await mirror.wait { $0.objects.count == 2 }
                    expect(mirror, failedWith: "silent")
                    #expect(relay.connections > before)
                }
            }
        }
    }

    @Test func `after a failure no other idle connection is used either`() async throws {
        let api = FakeAPIServer()
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await Relay.run(.port(server.port)) { relay in
                let transport = HTTPTransport(.local(relay.port))
                // Several connections that are idle and good for all that is known.
                await withTaskGroup { group in
                    for _ in 0..<4 { group.addTask { _ = await transport.failure() } }
                }
                relay.freeze()
                let idle = relay.connections
                let request = APIRequest(path: "/api/v1/services", idleLimit: .milliseconds(200))
                #expect(await transport.failure(request)?.failure?.kind == .silent)
                #expect(await transport.failure() == nil)
                #expect(relay.connections == idle + 1)
            }
        }
    }

    @Test func `a server that does not even take connections is told, by name and port`() async throws {
        let port = try await HTTPAPIServer.run(FakeAPIServer()) { $0.port }
        let failure = await HTTPTransport(.local(port)).failure()?.failure
        #expect(failure?.kind == .cannotConnect)
        #expect(failure?.explanation == "https://127.0.0.1:\(port): Connection refused")
        let named = await HTTPTransport(.local(port, host: "no-such-name.invalid")).failure()?.failure
        #expect(named?.kind == .cannotConnect)
        #expect(named?.explanation.contains("the name no-such-name.invalid could not be resolved") == true)
    }

    /// What a load balancer does with connections that it has no server for.
    @Test(arguments: [true, false])
    func `a connection that is taken and closed again has not been answered`(isTLS: Bool) async throws {
        try await withListener { channel in
            channel.close()
        } _: { port in
            let failure = await HTTPTransport(isTLS ? .local(port) : .plain(port)).failure()?.failure
            // With TLS it may be the handshake that is cut off, or the request after it.
            #expect(failure?.kind == .unanswered || isTLS && failure?.kind == .tls)
        }
    }

    @Test func `a connection that is taken and left alone is given up after nine seconds`() async throws {
        try await withListener {
            $0.eventLoop.makeSucceededVoidFuture()
        } _: { port in
            let start = ContinuousClock.now
            let failure = await HTTPTransport(.local(port)).failure()?.failure
            #expect(failure?.kind == .cannotConnect)
            #expect((.milliseconds(8900)...(.seconds(20))).contains(start.duration(to: .now)))
        }
    }

    /// Listens while `body` runs, and does no more with connections than it is told.
    private func withListener(
        _ take: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>,
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer(take)
            .bind(host: "127.0.0.1", port: 0).get()
        try await body(try #require(listener.localAddress?.port))
        try await listener.close()
    }

    /// - Parameter isImpatient: For tests that wait for the idle limit. A machine that is slow can reach it too, so that there
    ///   may then be more failures than one.
    private func follow(
        _ port: Int,
        _ listing: ListWatchOptions.Listing = .pages,
        isImpatient: Bool,
        _ body: @escaping @Sendable (Mirror<Service>) async throws -> Void
    ) async throws {
        let idleLimit = isImpatient ? Duration.milliseconds(400) : .seconds(60)
        var options = ListWatchOptions(listIdleLimit: idleLimit, watchIdleLimit: idleLimit)
        options.listing = listing
        let source = ResourceListWatch(.services, transport: HTTPTransport(.local(port)), options: options)
        try await Mirror.follow(source, clock: ContinuousClock(), backoff: .short, body)
    }

    private func expect(_ mirror: Mirror<Service>, failedWith label: String) {
        let labels = mirror.failures.map(\.label)
        if label == "silent" {
            #expect(Set(labels) == [label])
        } else {
            #expect(labels == (label.isEmpty ? [] : [label]))
        }
    }
}
