// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Synchronization
import Testing

/// Lists that come at the head of a watch (KEP-3157).
@Suite(.timeLimit(.minutes(5))) struct StreamingListTests {
    private let version = ResourceVersion(rawValue: "42")
    private let pages = #"{"metadata":{"resourceVersion":"50"},"items":[]}"#

    private func source<Transport: APITransport>(
        _ transport: Transport,
        _ change: (inout ListWatchOptions) -> Void = { _ in },
        clock: FakeClock = FakeClock()
    ) -> ResourceListWatch<Transport, Service> {
        var options = ListWatchOptions(accept: "application/json")
        options.listing = .streams
        change(&options)
        return ResourceListWatch(.services, transport: transport, options: options, clock: clock)
    }

    /// A message of a watch of Services.
    private func message(_ type: String, _ name: String, version: Int = 7) -> String {
        #"{"type":"\#(type)","object":{"kind":"Service","metadata":{"name":"\#(name)","namespace":"default","#
            + #""resourceVersion":"\#(version)"},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80}]}}}"# + "\n"
    }

    private let end =
        #"{"type":"BOOKMARK","object":{"kind":"Service","metadata":{"resourceVersion":"42","annotations":"#
        + #"{"k8s.io/initial-events-end":"true"}}}}"# + "\n"
    private let bookmark =
        #"{"type":"BOOKMARK","object":{"kind":"Service","metadata":{"resourceVersion":"41"}}}"# + "\n"

    @Test func `a streaming list asks for what is cached, or for what is newest`() async throws {
        let transport = CannedTransport(.init(end), .init(end))
        let source = source(transport)
        _ = try await source.begin(.cached, for: .seconds(345))
        _ = try await source.begin(.latest, for: .seconds(345))
        let selectors =
            "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name"
            + "&fieldSelector=spec.clusterIP%21%3DNone"
        let stream = "&watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        #expect(
            transport.asked.map(\.target) == [
                selectors + stream + "&resourceVersion=0&timeoutSeconds=345",
                selectors + stream + "&timeoutSeconds=345",
            ])
    }

    @Test(arguments: Speech.allCases)
    func `one request brings every object and then what happens`(speech: Speech) async throws {
        let api = FakeAPIServer()
        for name in ["a", "b", "c"] { api.set(.service(service(name))) }
        var options = ListWatchOptions(accept: speech.accept)
        options.listing = .streams
        let source = ResourceListWatch(.services, transport: FakeTransport(api), options: options)
        try await Mirror.follow(source, clock: FakeClock()) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.objects.count == 3)
            #expect(mirror.changes.count == 1)
            api.delete(.service("a"))
            await mirror.wait { $0.objects.count == 2 }
            // The watch goes on from there as any other.
            api.endWatches()
            await api.wait { $0.requests.count == 2 }
            api.set(.service(service("d")))
            await mirror.wait { $0.objects.count == 3 }
            #expect(mirror.failures == [])
        }
        #expect(api.requests.map { $0.query["sendInitialEvents"] != nil } == [true, false])
    }

    @Test func `nothing is handed on before the list is whole`() async throws {
        let half = message("ADDED", "a") + message("ADDED", "b")
        let transport = CannedTransport(.init(half), .init(pages))
        let source = source(transport)
        await #expect(throws: APIError.self) { _ = try await source.begin(.cached, for: .seconds(300)) }
        // To get on is better than to insist: the next one comes in pages, and the one after that as a stream again.
        #expect(try await source.begin(.cached, for: .seconds(300)).list.version.rawValue == "50")
        await #expect(throws: APIError.self) { _ = try await source.begin(.cached, for: .seconds(300)) }
        #expect(transport.asked.map { $0.target.contains("sendInitialEvents") } == [true, false, true])
    }

    @Test func `what changes while the list is on its way counts as it is at the end`() async throws {
        let text =
            message("ADDED", "a") + message("ADDED", "b") + message("ADDED", "c") + message("DELETED", "b")
            + message("MODIFIED", "c", version: 9) + end
        let state = try await source(CannedTransport(.init(text))).begin(.cached, for: .seconds(300))
        var store = ObjectStore<Service>()
        _ = store.apply(.replaced(state.list.objects))
        #expect(Set(store.objects.keys.map(\.name)) == ["a", "c"])
        #expect(state.list.version == version)
        // And one that was known before and went meanwhile is gone.
        _ = store.apply(.applied(state.list.objects[1]))
        #expect(store.objects.count == 3)
        let changes = store.apply(.replaced(state.list.objects))
        #expect(changes.removed.map(\.name) == ["b"])
    }

    @Test func `a server that passes over the question is asked in pages, from then on`() async throws {
        let transport = CannedTransport(.init(message("ADDED", "a") + bookmark), .init(pages), .init(pages))
        let source = source(transport)
        #expect(try await source.begin(.cached, for: .seconds(300)).list.version.rawValue == "50")
        _ = try await source.begin(.cached, for: .seconds(300))
        #expect(transport.asked.map { $0.target.contains("sendInitialEvents") } == [true, false, false])
    }

    @Test func `a server that passes over the question is followed all the same`() async throws {
        var options = FakeAPIServer.Options()
        options.ignoresInitialEvents = true
        let api = FakeAPIServer(options: options)
        for name in ["a", "b", "c"] { api.set(.service(service(name))) }
        try await Mirror.follow(source(FakeTransport(api)), clock: FakeClock()) { mirror in
            await api.wait { $0.openWatches == 1 }
            api.sendBookmarks()
            await mirror.wait { $0.hasSynced }
            #expect(mirror.objects.count == 3)
            #expect(mirror.failures == [])
        }
    }

    @Test func `a refusal of the question for another reason is not remembered`() async throws {
        let refusal = #"{"kind":"Status","code":400,"reason":"BadRequest","message":"wrong phase of the moon"}"#
        let transport = CannedTransport(.init(code: 400, refusal), .init(pages), .init(end))
        let source = source(transport)
        _ = try await source.begin(.cached, for: .seconds(300))
        _ = try await source.begin(.cached, for: .seconds(300))
        #expect(transport.asked.map { $0.target.contains("sendInitialEvents") } == [true, false, true])
        #expect(transport.asked.allSatisfy { $0.target.contains("fieldSelector") })
    }

    @Test func `lists in one and lists in the other way have the same bound on their objects`() async throws {
        let text = (0..<11).map { message("ADDED", "s\($0)") }.joined() + end
        let source = source(CannedTransport(.init(text)), { $0.mostObjects = 10 })
        await #expect(throws: APIError.malformed("a list of more than 10 objects")) {
            _ = try await source.begin(.cached, for: .seconds(300))
        }
    }

    @Test func `an ERROR while the list is on its way is that error`() async throws {
        let error =
            #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"gone"}}"# + "\n"
        let source = source(CannedTransport(.init(message("ADDED", "a") + error)))
        await #expect(throws: APIError.status(APIStatus(code: 410, reason: "Expired", message: "gone"))) {
            _ = try await source.begin(.cached, for: .seconds(300))
        }
    }

    @Test func `an object that cannot be read harms no other, and no list`() async throws {
        let bad = #"{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"bad"},"spec":[]}}"# + "\n"
        let source = source(CannedTransport(.init(message("ADDED", "a") + bad + end)))
        let list = try await source.begin(.cached, for: .seconds(300)).list
        #expect(list.objects.count == 2)
        #expect(list.objects.map { $0.object == nil } == [false, true])
        #expect(list.objects.last?.rejections.isEmpty == false)
    }
}
