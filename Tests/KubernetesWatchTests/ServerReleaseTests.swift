// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Synchronization
import Testing

/// API servers that know less than today's.
@Suite(.timeLimit(.minutes(5))) struct ServerReleaseTests {
    private let headless = ObjectName(namespace: "default", name: "headless")

    /// What an operator is told.
    private final class Notices: Sendable {
        private let state = Mutex<[ServerNotice]>([])
        var all: [ServerNotice] { state.withLock { $0 } }
        func note(_ notice: ServerNotice) { state.withLock { $0.append(notice) } }
    }

    private func makeHeadless(_ api: FakeAPIServer) {
        var document = KubernetesObject.service(service("headless")).document
        document["spec", "clusterIP"] = .text("None")
        document["spec", "clusterIPs"] = .texts(["None"])
        api.set(KubernetesObject.ID(kind: .service, name: headless), document)
    }

    /// Lists and watches one kind: every object is there after the list, and after a change, and no failure is told.
    private func follow<Object: WatchableObject>(
        _ resource: WatchedResource<Object>,
        on api: FakeAPIServer,
        _ abilities: ServerAbilities,
        speech: Speech = .protobuf,
        listing: Listing = .pages,
        expecting first: Set<ObjectName>,
        then change: @escaping @Sendable () -> Void,
        _ second: Set<ObjectName>
    ) async throws {
        var options = ListWatchOptions(accept: speech.accept, pageLength: 2)
        options.listing = listing
        let source = ResourceListWatch(
            resource,
            transport: FakeTransport(api),
            options: options,
            abilities: abilities
        )
        try await Mirror.follow(source, clock: FakeClock()) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(Set(mirror.objects.keys) == first)
            await api.wait { $0.openWatches == 1 }
            change()
            await mirror.wait { Set($0.objects.keys) == second }
            #expect(mirror.failures == [])
        }
        await api.wait { $0.openWatches == 0 }
    }

    private func names(_ names: String...) -> Set<ObjectName> {
        Set(names.map { ObjectName(namespace: "default", name: $0) })
    }

    private func server(_ releases: [ServerRelease]) -> FakeAPIServer {
        var options = FakeAPIServer.Options()
        options.releases = releases
        let api = FakeAPIServer(options: options)
        for name in ["a", "b", "c"] {
            api.set(.service(service(name)))
            api.set(.endpointSlice(slice(name, of: name, endpoints: 2)))
        }
        api.set(.ownNode())
        makeHeadless(api)
        return api
    }

    private func followAll(
        _ api: FakeAPIServer,
        _ abilities: ServerAbilities,
        _ speech: Speech,
        _ listing: Listing = .pages
    ) async throws {
        try await follow(
            .services, on: api, abilities, speech: speech, listing: listing,
            expecting: names("a", "b", "c"), then: { api.set(.service(service("d"))) }, names("a", "b", "c", "d"))
        try await follow(
            .endpointSlices, on: api, abilities, speech: speech, listing: listing,
            expecting: names("a", "b", "c"), then: { api.delete(.slice("b")) }, names("a", "c"))
        let node = ObjectName(namespace: "", name: "node-1")
        try await follow(
            .node(named: "node-1"), on: api, abilities, speech: speech, listing: listing,
            expecting: [node], then: { api.delete(KubernetesObject.ID(kind: .node, name: node)) }, [])
    }

    @Test(arguments: ServerRelease.all, Listing.allCases)
    func `API servers of each minor hand over every Service, EndpointSlice and Node`(
        release: ServerRelease,
        listing: Listing
    ) async throws {
        for speech in Speech.allCases {
            let notices = Notices()
            let api = server([release])
            let abilities = ServerAbilities { notices.note($0) }
            try await followAll(api, abilities, speech, listing)

            // What is refused is refused once for the whole server, or for the resource, and told once.
            let streams = api.requests.count { $0.query["sendInitialEvents"] != nil }
            let selecting = api.requests.count {
                $0.query["fieldSelector"]?.hasPrefix("spec.") == true && $0.query["sendInitialEvents"] == nil
            }
            switch listing {
            case .pages: #expect(streams == 0)
            case .streams where release.offersStreamingLists:
                #expect(streams == 3)
                #expect(api.requests.count == 3)
                #expect(notices.all == [.streams])
            case .streams: #expect(streams == 1)
            }
            if release.minor < 31 { #expect(selecting == 1) }
            let told = (release.minor < 31 ? 1 : 0) + (listing == .streams ? 1 : 0)
            #expect(notices.all.count == told)
        }
    }

    @Test func `a Service that becomes headless is gone where the server cannot select`() async throws {
        let api = server([ServerRelease(minor: 21)])
        try await follow(
            .services, on: api, ServerAbilities(),
            expecting: names("a", "b", "c"),
            then: {
                var document = KubernetesObject.service(service("b")).document
                document["spec", "clusterIP"] = .text("None")
                document["spec", "clusterIPs"] = .texts(["None"])
                api.set(.service("b"), document)
            },
            names("a", "c"))
    }

    @Test(arguments: [[21, 35], [35, 21], [30, 31, 35], [32, 33]])
    func `servers of several minors behind one address are served by any of them`(minors: [Int]) async throws {
        for (speech, listing) in Speech.allCases.flatMap({ speech in Listing.allCases.map { (speech, $0) } }) {
            let api = server(minors.map(ServerRelease.init))
            try await followAll(api, ServerAbilities(), speech, listing)
        }
    }

    @Test func `an upgrade from 1.30 to 1.31 needs no restart, and the selector is asked for again`() async throws {
        let api = server([ServerRelease(minor: 30)])
        let clock = FakeClock()
        let notices = Notices()
        let abilities = ServerAbilities(clock: clock) { notices.note($0) }
        let source = ResourceListWatch(
            .services, transport: FakeTransport(api), abilities: abilities, clock: clock)
        _ = try await source.list(.cached)
        try await clock.sleep(for: .seconds(3599))
        _ = try await source.list(.cached)
        #expect(api.requests.map { $0.query["fieldSelector"] != nil } == [true, false, false])

        var options = api.options
        options.releases = [ServerRelease(minor: 31)]
        api.options = options
        try await clock.sleep(for: .seconds(3))
        let list = try await source.list(.cached)
        #expect(list.objects.count == 3)
        #expect(api.requests.map { $0.query["fieldSelector"] != nil } == [true, false, false, true])
        #expect(notices.all.count == 1)
    }

    @Test(arguments: [406, 415])
    func `a kind whose protobuf is refused comes in JSON, and the others stay`(code: Int) async throws {
        let api = server([.newest])
        var options = api.options
        options.protobufRefusals = [.endpointSlice: code]
        api.options = options
        let notices = Notices()
        try await followAll(api, ServerAbilities { notices.note($0) }, .protobuf)
        let refused = api.requests.filter { $0.path.hasSuffix("endpointslices") && $0.accept.contains("protobuf") }
        #expect(refused.count == 1)
        #expect(api.requests.filter { $0.path.hasSuffix("services") }.allSatisfy { $0.accept.contains("protobuf") })
        #expect(notices.all.count == 1)
    }

    @Test(arguments: [
        "field label not supported: spec.clusterIP",
        "\"spec.clusterIP\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        "Unable to find \"/v1, Resource=services\" that match label selector \"\", field selector \"spec.clusterIP!=None\":"
            + " field label not supported: spec.clusterIP",
        "field label \"spec.clusterIP\" not supported for \"Service\"",
    ])
    func `the selector is left out whatever the words of the refusal`(message: String) async throws {
        for code in [400, 422] {
            let body =
                #"{"kind":"Status","code":\#(code),"reason":"BadRequest","message":""#
                + message.replacing("\"", with: "\\\"") + #""}"#
            let empty = #"{"metadata":{"resourceVersion":"1"},"items":[]}"#
            let transport = CannedTransport(.init(code: code, body), .init(empty), .init(empty))
            let source = ResourceListWatch(.services, transport: transport)
            _ = try await source.list(.cached)
            _ = try await source.list(.cached)
            #expect(transport.asked.map { $0.target.contains("fieldSelector") } == [true, false, false])
            // Nothing else was given up with it.
            #expect(transport.asked.allSatisfy { $0.target.contains("limit=500") && $0.accept.contains("protobuf") })
        }
    }

    @Test func `bookmarks that are refused are left out, and the watch may then be silent to its end`() async throws {
        let refusal = #"{"kind":"Status","code":400,"reason":"BadRequest","message":"unknown allowWatchBookmarks"}"#
        let transport = CannedTransport(.init(code: 400, refusal), .init(pieces: []), .init(pieces: []))
        let source = ResourceListWatch(.services, transport: transport)
        let version = ResourceVersion(rawValue: "42")
        _ = try await source.watch(after: version, for: .seconds(300))
        _ = try await source.watch(after: version, for: .seconds(300))
        #expect(transport.asked.map { $0.target.contains("allowWatchBookmarks") } == [true, false, false])
        #expect(transport.asked.last?.idleLimit ?? .zero > .seconds(300))
    }
}
