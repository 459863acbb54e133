// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// Refusals that are not about what a server knows: they change nothing for later requests.
@Suite(.timeLimit(.minutes(5))) struct OlderFormTests {
    private let empty = #"{"metadata":{"resourceVersion":"1"},"items":[]}"#
    private let other = ServerStatus(code: 400, reason: "BadRequest", message: "the moon is in the wrong phase")

    private func api() -> FakeAPIServer {
        let api = FakeAPIServer()
        for name in ["a", "b", "c"] { api.set(.service(service(name))) }
        return api
    }

    @Test func `a server that refuses every form is asked ever less often`() async throws {
        let api = api()
        for _ in 0..<400 { api.inject(.listRefused(other), .service) }
        let clock = FakeClock()
        let source = ResourceListWatch(.services, transport: FakeTransport(api), clock: clock)
        try await Mirror.follow(source, clock: clock) { mirror in
            await mirror.wait { $0.failures.count >= 20 }
        }
        // One more form for each try, and the delays of any other refusal between the tries.
        #expect(api.requests.count <= 2 * (clock.sleeps.count + 1))
        #expect(clock.sleeps.suffix(5).allSatisfy { $0 >= .seconds(15) })
    }

    @Test func `a refusal for another reason is told in its own words, and nothing is given up`() async throws {
        let api = api()
        api.inject(.listRefused(other), .service)
        api.inject(.listRefused(other), .service)
        let source = ResourceListWatch(.services, transport: FakeTransport(api))
        await #expect(
            throws: APIError.status(APIStatus(code: 400, reason: "BadRequest", message: other.message))
        ) { try await source.list(.cached) }
        let list = try await source.list(.cached)
        #expect(list.objects.count == 3)
        let last = try #require(api.requests.last)
        #expect(last.query["fieldSelector"] != nil && last.query["limit"] != nil)
        #expect(last.accept.contains("protobuf"))
    }

    @Test func `one refusal that names nothing does not change the next request, a second one does`() async throws {
        let page = "<html>bad request</html>"
        let transport = CannedTransport(
            .init(code: 400, contentType: "text/html", page), .init(empty),
            .init(code: 400, contentType: "text/html", page), .init(empty),
            .init(empty)
        )
        let source = ResourceListWatch(.services, transport: transport)
        for _ in 0..<3 { _ = try await source.list(.cached) }
        #expect(transport.asked.map { $0.target.contains("fieldSelector") } == [true, false, true, false, false])
    }

    @Test(arguments: [401, 403, 404, 409, 429, 500, 503])
    func `other refusals are not asked again in another form`(code: Int) async throws {
        let transport = CannedTransport(.init(code: code, #"{"kind":"Status","message":"field selector"}"#))
        let source = ResourceListWatch(.services, transport: transport)
        await #expect(throws: APIError.self) { try await source.list(.cached) }
        #expect(transport.asked.count == 1)
    }

    @Test func `the selector of one Node is never left out`() async throws {
        let refusal = #"{"kind":"Status","code":400,"message":"field label not supported: metadata.name"}"#
        let transport = CannedTransport(.init(code: 400, refusal), .init(code: 400, refusal))
        let source = ResourceListWatch(.node(named: "n"), transport: transport)
        await #expect(throws: APIError.self) { try await source.list(.cached) }
        #expect(transport.asked.allSatisfy { $0.target.contains("fieldSelector=metadata.name") })
    }

    @Test(arguments: [400, 410, 422])
    func `a page whose token another server does not take starts the list over, once`(code: Int) async throws {
        let first = #"{"metadata":{"resourceVersion":"1","continue":"t"},"items":[]}"#
        let refusal = #"{"kind":"Status","code":\#(code),"message":"continue key is not valid"}"#
        let transport = CannedTransport(
            .init(first), .init(code: code, refusal), .init(first), .init(code: code, refusal))
        let source = ResourceListWatch(.services, transport: transport)
        await #expect(throws: APIError.self) { try await source.list(.cached) }
        #expect(transport.asked.count == 4)
        #expect(transport.asked.map { $0.target.contains("limit=") } == [true, true, false, false])
    }
}
