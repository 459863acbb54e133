import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// What goes wrong on the way, each by its name: it is one failure, told as what it is, and the objects are right after it.
struct FaultTests {
    private static let unavailable = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "starting")

    @Test(arguments: [
        (APIFault.listRefused(unavailable), "server_error"),
        (.listRefused(ServerStatus(code: 403, reason: "Forbidden", message: "no list for you")), "forbidden"),
        (.listReset, "connection_lost"),
        (.listFallsSilent, "silent"),
        (.listCutShort, "malformed"),
    ])
    func `a list that fails is tried again`(fault: APIFault, label: String) async throws {
        let api = FakeAPIServer()
        api.set(service("web"))
        api.inject(fault, .service)
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let follower = Follower<Service>()
            await withTaskGroup { group in
                group.addTask { await follower.follow(source(server.port, isImpatient: label == "silent")) }
                await follower.wait { $0.watches == 1 }
                group.cancelAll()
            }
            expect(follower, failedWith: label)
            #expect(follower.objects.count == 1)
        }
    }

    @Test func `pages that expire are listed again`() async throws {
        let api = FakeAPIServer()
        for index in 0..<600 { api.set(service("s\(index)")) }
        api.inject(.listExpiresBetweenPages, .service)
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let follower = Follower<Service>()
            await withTaskGroup { group in
                group.addTask { await follower.follow(source(server.port, isImpatient: false)) }
                await follower.wait { $0.watches == 1 }
                group.cancelAll()
            }
            #expect(follower.objects.count == 600)
            #expect(follower.failures == [])
        }
    }

    @Test(arguments: [
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
    ])
    func `a watch that fails is made good`(fault: APIFault, label: String, isRelisted: Bool) async throws {
        let api = FakeAPIServer()
        api.set(service("web"))
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            let follower = Follower<Service>()
            await withTaskGroup { group in
                group.addTask { await follower.follow(source(server.port, isImpatient: label == "silent")) }
                await follower.wait { $0.watches == 1 }
                // The watch has delivered something: that it ends is no failure then.
                api.set(service("second"))
                await follower.wait { $0.objects.count == 2 }
                api.inject(fault, .service)
                await api.wait { $0.waitingFaults == 0 }
                api.set(service("third"))
                api.deleteService("web")
                await follower.wait { follower in
                    Set(follower.objects.keys.map(\.name)) == ["second", "third"]
                        && (label.isEmpty || !follower.failures.isEmpty)
                }
                group.cancelAll()
            }
            expect(follower, failedWith: label)
            #expect(follower.lists == (isRelisted ? 2 : 1))
        }
    }

    @Test func `a connection that dies silently is replaced by a new one`() async throws {
        let api = FakeAPIServer()
        api.set(service("web"))
        try await HTTPAPIServer.run(api, tls: .trusted) { server in
            try await Relay.run(.port(server.port)) { relay in
                let follower = Follower<Service>()
                await withTaskGroup { group in
                    group.addTask { await follower.follow(source(relay.port, isImpatient: true)) }
                    await follower.wait { $0.watches == 1 }
                    let before = relay.connections
                    relay.freeze()
                    api.set(service("second"))
                    await follower.wait { $0.objects.count == 2 }
                    expect(follower, failedWith: "silent")
                    #expect(relay.connections > before)
                    group.cancelAll()
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
        #expect(failure?.explanation.contains("Connection refused") == true)
        let named = await HTTPTransport(.local(port, host: "no-such-name.invalid")).failure()?.failure
        #expect(named?.kind == .cannotConnect)
        #expect(named?.explanation.hasPrefix("the name no-such-name.invalid could not be resolved") == true)
    }

    /// - Parameter isImpatient: For tests that wait for the idle limit. A machine that is slow can reach it too, so that there
    ///   may then be more failures than one.
    private func source(_ port: Int, isImpatient: Bool) -> ResourceListWatch<HTTPTransport, Service> {
        let idleLimit = isImpatient ? Duration.milliseconds(400) : .seconds(60)
        return ResourceListWatch(
            .services,
            transport: HTTPTransport(.local(port)),
            options: ListWatchOptions(listIdleLimit: idleLimit, watchIdleLimit: idleLimit)
        )
    }

    private func expect(_ follower: Follower<Service>, failedWith label: String) {
        let labels = follower.failures.map(\.label)
        if label == "silent" {
            #expect(Set(labels) == [label])
        } else {
            #expect(labels == (label.isEmpty ? [] : [label]))
        }
    }
}
