// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// Bodies may be cut into pieces anywhere.
@Suite struct FramingTests {
    private let expected = [slice("web-1", of: "web", endpoints: 3), slice("web-2", of: "web", endpoints: 0)]

    private func server() -> FakeAPIServer {
        let api = FakeAPIServer()
        for slice in expected { api.set(.endpointSlice(slice)) }
        return api
    }

    @Test(arguments: Speech.allCases)
    func `a list cut at any byte is the same list`(speech: Speech) async throws {
        let list = APIRequest(path: "/apis/discovery.k8s.io/v1/endpointslices", accept: speech.accept)
        let body = await server().body(of: list)
        try #require(body.count > 200)

        for cut in 0...body.count {
            let transport = CannedTransport(
                .init(contentType: speech.listType, pieces: [Array(body[..<cut]), Array(body[cut...])])
            )
            let source = ResourceListWatch(.endpointSlices, transport: transport)
            let read = try await source.list(.cached)
            #expect(read.objects.compactMap(\.object) == expected, "cut at \(cut)")
            #expect(read.version.rawValue == "3")
        }
    }

    @Test(arguments: Speech.allCases)
    func `a list that ends early is refused, wherever it ends`(speech: Speech) async throws {
        let list = APIRequest(path: "/apis/discovery.k8s.io/v1/endpointslices", accept: speech.accept)
        // The end of line after the JSON is not part of it.
        let body = await server().body(of: list).dropLast(speech == .json ? 1 : 0)

        for end in 0..<body.count {
            let transport = CannedTransport(.init(contentType: speech.listType, pieces: [Array(body[..<end])]))
            let source = ResourceListWatch(.endpointSlices, transport: transport)
            await #expect(throws: APIError.self, "ends at \(end)") { try await source.list(.cached) }
        }
    }

    @Test(arguments: Speech.allCases)
    func `a watch cut at any byte is the same watch`(speech: Speech) async throws {
        let body = await watchBody(speech)
        for cut in 0...body.count {
            let events = try await events(speech, [Array(body[..<cut]), Array(body[cut...])])
            try #require(events.count == 4, "cut at \(cut)")
            #expect(events[0].change == .applied(ObservedObject(name: expected[0].name, object: expected[0])))
            #expect(events[1].change == .applied(ObservedObject(name: expected[1].name, object: expected[1])))
            #expect(events[2].change == .deleted(ObservedObject(name: expected[0].name, object: expected[0])))
            #expect(events.map(\.version?.rawValue) == ["2", "3", "4", "4"])
        }
    }

    @Test(arguments: Speech.allCases)
    func `a watch that trickles byte by byte is the same watch`(speech: Speech) async throws {
        let events = try await events(speech, await watchBody(speech).map { [$0] })
        #expect(events.count == 4)
    }

    @Test(arguments: Speech.allCases)
    func `a body that ends within a message is a lost connection, not a malformed one`(speech: Speech) async throws {
        let body = await watchBody(speech)
        for end in body.count - 20..<body.count - 1 {
            await #expect(
                throws: APIError.transport(TransportFailure(.connectionLost, "the watch ended within a message"))
            ) {
                try await events(speech, [Array(body[..<end])])
            }
        }
    }

    @Test func `a length past the limit is refused before it is buffered`() async {
        await #expect(throws: APIError.self) { try await events(.protobuf, [[0x7f, 0xff, 0xff, 0xff]]) }
    }

    @Test func `an endless line is refused once it is past the limit`() async {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let pieces = [[UInt8]](repeating: piece, count: 17)
        await #expect(throws: APIError.malformed("a watch message of \(17 << 20) bytes or more")) {
            try await events(.json, pieces)
        }
    }

    @Test(arguments: Speech.allCases)
    func `an object of a megabyte is read`(speech: Speech) async throws {
        let api = FakeAPIServer()
        var document = KubernetesObject.service(service("big")).document
        document["metadata", "annotations"] = .fields(["note": .text(String(repeating: "é", count: 500_000))])
        api.set(.service("big"), document)
        var options = api.options
        options.pieceLength = 16_000
        api.options = options

        let source = ResourceListWatch(
            .services,
            transport: FakeTransport(api),
            options: ListWatchOptions(accept: speech.accept)
        )
        #expect(try await source.list(.cached).objects.compactMap(\.object) == [service("big")])
    }

    /// Two slices that come, one that goes, and a bookmark.
    private func watchBody(_ speech: Speech) async -> [UInt8] {
        let api = server()
        let request = APIRequest(
            path: "/apis/discovery.k8s.io/v1/endpointslices",
            query: [.init("watch", "true"), .init("resourceVersion", "1")],
            accept: speech.accept
        )
        var body = api.respond(to: ServerRequest(method: "GET", target: request.target, accept: request.accept)).body
        api.delete(.slice("web-1"))
        api.sendBookmarks()
        api.endWatches()
        var bytes: [UInt8] = []
        while case .send(let piece)? = await body.next() { bytes += piece }
        return bytes
    }

    private func events(
        _ speech: Speech,
        _ pieces: [[UInt8]]
    ) async throws(APIError) -> [WatchEvent<ObservedObject<EndpointSlice>>] {
        let type = speech == .protobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json"
        let source = ResourceListWatch(
            .endpointSlices,
            transport: CannedTransport(.init(contentType: type, pieces: pieces))
        )
        let watch = try await source.watch(after: ResourceVersion(rawValue: "1"), for: .seconds(300))
        var events: [WatchEvent<ObservedObject<EndpointSlice>>] = []
        var iterator = watch.makeAsyncIterator()
        while let event = try await iterator.next(isolation: nil) { events.append(event) }
        return events
    }
}
