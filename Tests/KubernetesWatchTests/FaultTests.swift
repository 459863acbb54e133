// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// Each thing that can go wrong, by name; and after each of them the objects are the server's.
@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    private let unavailable = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "etcd is away")
    private let expired = ServerStatus.expired("7")

    /// Lets a fault hit an open watch, changes objects afterwards, and looks at what came of it.
    private func survives(
        _ fault: APIFault,
        label: String?,
        lists: Int,
        longestSleep: Duration = .zero,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for (speech, listing) in Speech.allCases.flatMap({ speech in Listing.allCases.map { (speech, $0) } }) {
            let api = FakeAPIServer()
            let clock = FakeClock()
            api.set(.service(service("kept")))
            api.set(.service(service("removed")))
            try await Mirror.follow(source(api, speech, listing), clock: clock) { mirror in
                await api.wait { $0.openWatches == 1 }
                // The version that goes on is not that of the list.
                api.set(.service(service("kept", port: 81)))
                await mirror.wait { $0.objects[service("kept").name]?.ports.first?.port == 81 }

                api.inject(fault, .service)
                await api.wait { $0.waitingFaults == 0 }
                api.delete(.service("removed"))
                api.set(.service(service("added")))
                await mirror.wait { $0.objects[service("added").name] != nil }

                #expect(
                    mirror.objects.values.sorted { $0.name < $1.name } == [
                        service("added"), service("kept", port: 81),
                    ],
                    sourceLocation: sourceLocation
                )
                #expect(mirror.failures.map(\.label) == [label].compactMap(\.self), sourceLocation: sourceLocation)
            }
            #expect(api.requests.count { $0.isList } == lists, sourceLocation: sourceLocation)
            #expect(clock.sleeps.max() ?? .zero >= longestSleep, sourceLocation: sourceLocation)
        }
    }

    private func source(
        _ api: FakeAPIServer,
        _ speech: Speech = .protobuf,
        _ listing: Listing = .pages,
        token: @escaping @Sendable () -> String? = { nil }
    ) -> ResourceListWatch<FakeTransport, Service> {
        var options = ListWatchOptions(accept: speech.accept, pageLength: 2)
        options.listing = listing
        return ResourceListWatch(.services, transport: FakeTransport(api, token: token), options: options)
    }

    // MARK: Watches

    @Test func `410 as the HTTP status of a watch is listed anew`() async throws {
        try await survives(.watchRefused(expired), label: "expired", lists: 2)
    }

    @Test func `410 as an ERROR message is listed anew`() async throws {
        try await survives(.watchError(expired), label: "expired", lists: 2)
    }

    @Test func `500 as an ERROR message goes on from the last version`() async throws {
        let status = ServerStatus(code: 500, reason: "InternalError", message: "etcdserver: no leader")
        try await survives(.watchError(status), label: "server_error", lists: 1)
    }

    @Test func `503 to a watch goes on from the last version`() async throws {
        try await survives(.watchRefused(unavailable), label: "server_error", lists: 1)
    }

    @Test func `429 to a watch waits as long as the server wants`() async throws {
        let status = ServerStatus(code: 429, reason: "TooManyRequests", message: "later", retryAfterSeconds: 42)
        try await survives(.watchRefused(status), label: "too_many_requests", lists: 1, longestSleep: .seconds(42))
    }

    @Test func `a reset watch goes on from the last version`() async throws {
        try await survives(.watchReset, label: "connection_lost", lists: 1)
    }

    @Test func `a half-closed watch goes on from the last version`() async throws {
        try await survives(.watchHalfClosed, label: "connection_lost", lists: 1)
    }

    @Test func `a silently dead watch goes on from the last version`() async throws {
        try await survives(.watchFallsSilent, label: "silent", lists: 1)
    }

    @Test func `a watch that is reset within a message goes on from the last version`() async throws {
        try await survives(.watchResetWithinMessage, label: "connection_lost", lists: 1)
    }

    @Test func `a watch that ends within a message goes on from the last version`() async throws {
        try await survives(.watchCutShort, label: "connection_lost", lists: 1)
    }

    @Test func `a watch that ends in good order goes on from the last version`() async throws {
        try await survives(.watchEndsAtOnce, label: nil, lists: 1)
    }

    @Test func `a message that cannot be read is listed anew`() async throws {
        try await survives(.malformedMessage, label: "malformed", lists: 2)
    }

    @Test func `a message that is too long is listed anew`() async throws {
        try await survives(.oversizedMessage, label: "malformed", lists: 2)
    }

    @Test func `a message of an unknown type is listed anew`() async throws {
        try await survives(.unknownMessageType, label: "malformed", lists: 2)
    }

    @Test func `a message that comes twice changes nothing`() async throws {
        try await survives(.duplicateMessage, label: nil, lists: 1)
    }

    // MARK: Lists

    @Test(
        arguments: [
            (APIFault.listRefused(ServerStatus(code: 500, reason: "InternalError", message: "no")), "server_error"),
            (.listRefused(ServerStatus(code: 403, reason: "Forbidden", message: "no")), "forbidden"),
            (.listReset, "connection_lost"), (.listFallsSilent, "silent"), (.listCutShort, "malformed"),
        ], Listing.allCases)
    func `a list that fails is asked for again`(fault: (APIFault, String), listing: Listing) async throws {
        let (fault, label) = fault
        for speech in Speech.allCases {
            let api = FakeAPIServer()
            for name in ["a", "b", "c"] { api.set(.service(service(name))) }
            api.inject(fault, .service)
            try await Mirror.follow(source(api, speech, listing), clock: FakeClock()) { mirror in
                await mirror.wait { $0.hasSynced }
                // A watch that ends within a message was cut off, whatever the message is of.
                let isWatch = listing == .streams && fault == .listCutShort
                #expect(mirror.failures.map(\.label) == [isWatch ? "connection_lost" : label])
                #expect(mirror.objects.count == 3)
            }
        }
    }

    @Test(arguments: Listing.allCases)
    func `a burst of 5xx is outlived`(listing: Listing) async throws {
        let api = FakeAPIServer()
        api.set(.service(service("a")))
        for _ in 0..<50 { api.inject(.listRefused(unavailable), .service) }
        let clock = FakeClock()
        try await Mirror.follow(source(api, .protobuf, listing), clock: clock) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.failures.count == 50)
        }
        #expect(clock.sleeps.count == 50)
    }

    @Test(arguments: Listing.allCases)
    func `429 to a list waits as long as the server wants`(listing: Listing) async throws {
        let api = FakeAPIServer()
        api.inject(
            .listRefused(ServerStatus(code: 429, reason: "TooManyRequests", message: "later", retryAfterSeconds: 11)),
            .service
        )
        let clock = FakeClock()
        try await Mirror.follow(source(api, .protobuf, listing), clock: clock) { mirror in
            await mirror.wait { $0.hasSynced }
        }
        #expect(clock.sleeps == [.seconds(11)])
    }

    @Test func `410 between two pages starts over without pages`() async throws {
        let api = FakeAPIServer()
        for index in 0..<5 { api.set(.service(service("s\(index)"))) }
        api.inject(.listExpiresBetweenPages, .service)
        try await Mirror.follow(source(api), clock: FakeClock()) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.objects.count == 5)
            #expect(mirror.failures.isEmpty)
        }
        let lists = api.requests.filter { $0.query["watch"] == nil }
        #expect(lists.map { $0.query["limit"] } == ["2", "2", nil])
        #expect(lists.map { $0.query["resourceVersion"] } == ["0", nil, nil])
        #expect(lists.map { $0.query["continue"] != nil } == [false, true, false])
    }

    @Test func `a list comes in pages, all of one version`() async throws {
        let api = FakeAPIServer()
        for index in 0..<5 { api.set(.service(service("s\(index)"))) }
        try await Mirror.follow(source(api), clock: FakeClock()) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.objects.count == 5)
        }
        #expect(api.requests.count { $0.query["watch"] == nil } == 3)
    }

    // MARK: History

    @Test(arguments: Listing.allCases)
    func `what was deleted while the history was lost is gone after the new list`(
        listing: Listing
    ) async throws {
        let api = FakeAPIServer()
        for name in ["a", "b", "c"] { api.set(.service(service(name))) }
        try await Mirror.follow(source(api, .protobuf, listing), clock: FakeClock()) { mirror in
            await api.wait { $0.openWatches == 1 }
            var options = api.options
            options.token = "nobody has it"
            api.options = options
            api.endWatches()
            await mirror.wait { !$0.failures.isEmpty }
            api.delete(.service("b"))
            api.compact()
            options.token = nil
            api.options = options
            await mirror.wait { $0.objects.count == 2 }
            #expect(mirror.changes.last?.removed == [service("b").name])
            #expect(mirror.changes.last?.applied == [])
        }
    }

    @Test func `a quiet watch goes on from a bookmark that is newer than the history's beginning`() async throws {
        let api = FakeAPIServer()
        api.set(.service(service("a")))
        try await Mirror.follow(source(api), clock: FakeClock()) { mirror in
            await api.wait { $0.openWatches == 1 }
            // Changes that this watch does not see.
            for index in 0..<10 { api.set(.endpointSlice(slice("s\(index)", of: "a", endpoints: 1))) }
            api.compact()
            api.sendBookmarks()
            api.endWatches()
            await api.wait { $0.requests.count { $0.query["watch"] != nil } == 2 }
            api.set(.service(service("b")))
            await mirror.wait { $0.objects.count == 2 }
            #expect(mirror.failures.isEmpty)
        }
        #expect(api.requests.count { $0.query["watch"] == nil } == 1)
    }

    // MARK: Server and credentials

    @Test func `a server that speaks only JSON is understood`() async throws {
        var options = FakeAPIServer.Options()
        options.speaksOnlyJSON = true
        let api = FakeAPIServer(options: options)
        api.set(.service(service("a")))
        try await Mirror.follow(source(api, .protobuf), clock: FakeClock()) { mirror in
            await mirror.wait { $0.objects.count == 1 }
            api.set(.service(service("b")))
            await mirror.wait { $0.objects.count == 2 }
            #expect(mirror.failures.isEmpty)
        }
    }

    @Test func `an expired token is refused until there is a new one`() async throws {
        var options = FakeAPIServer.Options()
        options.token = "new"
        let api = FakeAPIServer(options: options)
        api.set(.service(service("a")))
        let source = source(api) { api.requests.count < 3 ? "old" : "new" }
        try await Mirror.follow(source, clock: FakeClock()) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.failures.map(\.label) == ["unauthorized", "unauthorized", "unauthorized"])
            #expect(mirror.failures.first?.description == "401 Unauthorized: Unauthorized")
        }
    }
}
