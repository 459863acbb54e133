// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Synchronization
import Testing

/// Answers without an end used to be waited for and listened to for ever.
@Suite("Answers without an end", .timeLimit(.minutes(1))) struct EndlessAnswerTests {
    private func page(_ number: Int, items: Int) -> String {
        let item = #"{"metadata":{"name":"s","namespace":"default"},"spec":{}}"#
        let items = [String](repeating: item, count: items).joined(separator: ",")
        return #"{"metadata":{"resourceVersion":"1","continue":"\#(number)"},"items":[\#(items)]}"#
    }

    private func failure(
        of transport: EndlessTransport,
        _ options: ListWatchOptions = ListWatchOptions()
    ) async -> APIError? {
        let source = ResourceListWatch(.services, transport: transport, options: options, clock: transport.clock)
        do throws(APIError) {
            _ = try await source.list(.cached)
            return nil
        } catch {
            return error
        }
    }

    @Test func `pages without items are not asked for for ever`() async {
        let transport = EndlessTransport { number in [page(number, items: 0)] }
        #expect(
            await failure(of: transport) == .malformed("a list with 10 pages without items, one after the other"))
        #expect(transport.requests == 10)
    }

    @Test func `a few pages without items are no mistake`() async throws {
        let transport = EndlessTransport { number in
            number < 9 ? [page(number, items: 0)] : [#"{"metadata":{"resourceVersion":"1"},"items":[]}"#]
        }
        #expect(await failure(of: transport) == nil)
    }

    @Test func `pages with items are not asked for for ever`() async {
        var options = ListWatchOptions()
        options.mostObjects = 1000
        let transport = EndlessTransport { number in [page(number, items: 100)] }
        #expect(await failure(of: transport, options) == .malformed("a list of more than 1000 objects"))
        #expect(transport.requests == 11)
    }

    @Test func `a page with too many items is not read to its end`() async {
        var options = ListWatchOptions()
        options.mostObjects = 1000
        let transport = EndlessTransport { _ in [page(0, items: 5000)] }
        #expect(await failure(of: transport, options) == .malformed("a list of more than 1000 objects"))
    }

    @Test func `a list that trickles is given up after ten minutes`() async {
        // A byte each 50 seconds is no silence.
        let pieces = page(0, items: 100).map { String($0) }
        let transport = EndlessTransport(pace: .seconds(50)) { _ in pieces }
        #expect(
            await failure(of: transport)
                == .transport(TransportFailure(.other, "the list was not whole after 600.0 seconds")))
        #expect(transport.clock.now.sinceStart <= .seconds(660))
    }

    @Test func `a streaming list that trickles is given up after ten minutes`() async {
        let message = #"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"11"}}}"# + "\n"
        // Each message is whole at once.
        let transport = EndlessTransport(pace: .seconds(50)) { _ in [String](repeating: message, count: 100) }
        var options = ListWatchOptions()
        options.listing = .streams
        let source = ResourceListWatch(.services, transport: transport, options: options, clock: transport.clock)
        await #expect(
            throws: APIError.transport(TransportFailure(.other, "the list was not whole after 600.0 seconds"))
        ) { _ = try await source.begin(.cached, for: .seconds(300)) }
        #expect(transport.clock.now.sinceStart <= .seconds(660))
    }

    @Test func `pages that trickle count together`() async {
        let transport = EndlessTransport(pace: .seconds(50)) { number in [page(number, items: 1)] }
        guard case .transport(let failure)? = await failure(of: transport) else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .other)
        #expect(transport.requests <= 13)
    }

    @Test func `a message of a watch that trickles is given up after a minute`() async throws {
        let bookmark = #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"11"}}}"# + "\n"
        // The first is whole at once, the second never.
        let transport = EndlessTransport(pace: .seconds(50)) { _ in [bookmark] + bookmark.map { String($0) } }
        let source = ResourceListWatch(.services, transport: transport, clock: transport.clock)
        var events = try await source.watch(after: ResourceVersion(rawValue: "10"), for: .seconds(300))
            .makeAsyncIterator()
        #expect(try await events.next()?.change == .bookmark)
        await #expect(
            throws: APIError.transport(TransportFailure(.other, "a message was not whole after 60.0 seconds"))
        ) { _ = try await events.next() }
        #expect(transport.clock.now.sinceStart <= .seconds(250))
    }

    @Test func `a refusal that trickles is taken by its code`() async {
        let pieces = [String](repeating: " ", count: 10_000)
        let transport = EndlessTransport(code: 403, pace: .seconds(50)) { _ in pieces }
        #expect(await failure(of: transport) == .status(APIStatus(code: 403)))
        #expect(transport.clock.now.sinceStart <= .seconds(100))
    }
}

/// Answers each request by its number, and lets time go by before each piece.
private final class EndlessTransport: APITransport {
    let clock = FakeClock()
    private let code: Int
    private let pace: Duration
    private let answer: @Sendable (Int) -> [String]
    private let asked = Mutex(0)

    init(code: Int = 200, pace: Duration = .zero, _ answer: @escaping @Sendable (Int) -> [String]) {
        self.code = code
        self.pace = pace
        self.answer = answer
    }

    var requests: Int { asked.withLock { $0 } }

    func send(_ request: APIRequest) async throws(APIError) -> APIResponse<Body> {
        let number = asked.withLock { asked in
            asked += 1
            return asked - 1
        }
        return APIResponse(
            code: code,
            contentType: "application/json",
            body: Body(pieces: answer(number).map { Array($0.utf8) }[...], pace: pace, clock: clock)
        )
    }

    struct Body: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = [UInt8]
        typealias Failure = APIError

        var pieces: ArraySlice<[UInt8]>
        var pace: Duration
        var clock: FakeClock

        func makeAsyncIterator() -> Self { self }

        mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> [UInt8]? {
            clock.advance(by: pace)
            return pieces.popFirst()
        }
    }
}
