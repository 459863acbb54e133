// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Synchronization
import SystemTesting
import Testing

/// A server that fails in the right way used to be asked many times a second.
@Suite("API storms: what a reflector asks for in an hour", .timeLimit(.minutes(5))) struct StormTests {
    /// client-go's reflector makes some 80 rounds in an hour, with up to a minute between two; here it is up to half of one.
    private static let mostRounds = 250

    private struct Hour {
        var lists: Int
        var watches: Int
        var sleeps: [Duration]
    }

    /// What a server is asked within an hour that always answers like this.
    private func hour(
        list: APIError? = nil,
        watch: @escaping StormSource.Answers,
        backoff: Backoff = Backoff()
    ) async -> Hour {
        let source = StormSource(for: .seconds(3600), list: { _ in list }, watch: watch)
        await source.follow(backoff)
        return Hour(lists: source.lists, watches: source.watches, sleeps: source.clock.sleeps)
    }

    private func expectFew(_ hour: Hour, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(hour.lists <= Self.mostRounds, sourceLocation: sourceLocation)
        #expect(hour.watches <= Self.mostRounds, sourceLocation: sourceLocation)
        // It grows: the last delays are the longest.
        #expect((hour.sleeps.last ?? .zero) >= .seconds(10), sourceLocation: sourceLocation)
        // And it goes on: no storm makes the daemon give up.
        #expect(hour.lists + hour.watches >= 100, sourceLocation: sourceLocation)
    }

    // MARK: Watches

    @Test(arguments: [APIError.expired, .status(400, "BadRequest"), .malformed("half")])
    func `a bookmark and then an ERROR that asks for a new list is listed ever less often`(error: APIError) async {
        expectFew(await hour { _ in .init(events: [.bookmark(at: "11")], error: error) })
    }

    @Test func `410 as the HTTP status of each watch is listed ever less often`() async {
        expectFew(await hour { _ in .init(refusal: .expired) })
    }

    @Test func `an object and then an ERROR is listed ever less often`() async {
        expectFew(await hour { _ in .init(events: [.applied("a", at: "11")], error: .expired) })
    }

    @Test(arguments: [Duration.zero, .milliseconds(60), .seconds(1), .seconds(10)])
    func `watches that are closed after one message are asked for ever less often`(lasting: Duration) async {
        let hour = await hour { _ in .init(events: [.applied("a", at: "11")], lasting: lasting) }
        #expect(hour.lists == 1)
        #expect(hour.watches <= Self.mostRounds)
        #expect(hour.watches >= 100)
    }

    @Test func `watches that are closed after a bookmark are asked for ever less often`() async {
        let hour = await hour { _ in .init(events: [.bookmark(at: "11")]) }
        #expect(hour.lists == 1)
        expectFew(hour)
    }

    @Test func `watches of 200 and zero bytes are asked for ever less often`() async {
        let hour = await hour { _ in .init() }
        #expect(hour.lists == 1)
        expectFew(hour)
    }

    @Test func `watches that are reset after one message are asked for ever less often`() async {
        let hour = await hour { _ in .init(events: [.bookmark(at: "11")], error: .reset) }
        #expect(hour.lists == 1)
        expectFew(hour)
    }

    @Test(arguments: [APIError.status(403, "Forbidden"), .status(401, "Unauthorized"), .status(500, "InternalError")])
    func `watches that are refused beside lists that are not are asked for ever less often`(error: APIError) async {
        let hour = await hour { _ in .init(refusal: error) }
        #expect(hour.lists == 1)
        expectFew(hour)
    }

    @Test func `ways to fail that take turns are no way around the delays`() async {
        let ways: [StormSource.Watch] = [
            .init(events: [.bookmark(at: "11")], error: .expired), .init(events: [.applied("a", at: "12")]),
            .init(refusal: .expired), .init(), .init(events: [.bookmark(at: "13")], error: .reset),
        ]
        expectFew(await hour { number in ways[number % ways.count] })
    }

    @Test func `a server that does not answer between two failures is no way around the delays`() async {
        let hour = await hour { number in
            number.isMultiple(of: 2)
                ? .init(refusal: .transport(TransportFailure(.unanswered, "closed")))
                : .init(events: [.bookmark(at: "11")], error: .expired)
        }
        #expect(hour.lists <= Self.mostRounds)
        #expect(hour.watches <= 2 * Self.mostRounds)
    }

    @Test func `bookmarks alone keep a watch and cost nothing`() async {
        let hour = await hour { _ in
            .init(events: (0..<5).map { .bookmark(at: "\($0)") }, lasting: .seconds(400))
        }
        #expect(hour.lists == 1)
        #expect(hour.watches <= 10)
        #expect(hour.sleeps.isEmpty)
    }

    // MARK: Lists

    @Test(arguments: [
        APIError.status(429, "TooManyRequests", retryAfter: .zero), .status(429, "TooManyRequests"),
        .status(403, "Forbidden"), .status(410, "Expired"), .malformed("half"), .reset,
    ])
    func `lists that fail are asked for ever less often`(error: APIError) async {
        let hour = await hour(list: error) { _ in .init() }
        #expect(hour.watches == 0)
        #expect(hour.lists <= Self.mostRounds)
        #expect(hour.lists >= 100)
    }

    @Test(arguments: [Duration.seconds(3600), .seconds(999_999_999)])
    func `no server sends the daemon away for more than a minute`(asked: Duration) async {
        let hour = await hour(list: .status(429, "TooManyRequests", retryAfter: asked)) { _ in .init() }
        #expect(hour.sleeps.allSatisfy { $0 == .seconds(60) })
        #expect((59...61).contains(hour.lists))
    }

    @Test func `a load balancer cannot send the daemon away for more than a minute either`() async {
        let hour = await hour(list: .status(503, retryAfter: .seconds(999_999_999))) { _ in .init() }
        #expect(hour.sleeps.allSatisfy { $0 == .seconds(60) })
    }

    // MARK: Time

    @Test func `two minutes without a failure make the delays short again`() async {
        func sleeps(after life: Duration) async -> [Duration] {
            let source = StormSource(
                for: .seconds(3600),
                list: { _ in nil },
                watch: { number in
                    .init(events: [.bookmark(at: "11")], lasting: number == 20 ? life : .zero, error: .reset)
                }
            )
            await source.follow(Backoff())
            return source.clock.sleeps
        }
        #expect(await sleeps(after: .seconds(120))[20...22].allSatisfy { $0 <= .milliseconds(800) })
        #expect(await sleeps(after: .seconds(1))[20...22].allSatisfy { $0 >= .seconds(10) })
    }

    @Test func `a watch that lived for half a minute is soon followed by another, and not at once`() async {
        let hour = await hour { _ in .init(events: [.bookmark(at: "11")], lasting: .seconds(40), error: .reset) }
        #expect(hour.sleeps.allSatisfy { $0 >= .milliseconds(100) && $0 <= .milliseconds(200) })
    }

    @Test func `a server that returns after a storm is found within two seconds`() async {
        let absent = APIError.transport(TransportFailure(.cannotConnect, "connection refused"))
        let source = StormSource(
            for: .seconds(7200),
            list: { _ in nil },
            watch: { number in
                number < 100 ? .init(events: [.bookmark(at: "11")], error: .expired) : .init(refusal: absent)
            }
        )
        await source.follow(Backoff())
        let away = source.clock.sleeps.suffix(500)
        #expect(away.allSatisfy { $0 <= .seconds(2) })
        #expect(away.allSatisfy { $0 >= .seconds(1) })
    }
}

/// A source that always answers, and counts what it was asked until its time is over.
private final class StormSource: ResourceSource {
    struct Watch: Sendable {
        var events: [WatchEvent<String>] = []
        var lasting = Duration.zero
        var error: APIError?
        /// The watch does not even begin.
        var refusal: APIError?
    }

    /// The answer to a watch, by its number from 0.
    typealias Answers = @Sendable (Int) -> Watch

    let clock = FakeClock()
    private let end: Duration
    private let list: @Sendable (Int) -> APIError?
    private let watch: Answers
    private let asked = Mutex((lists: 0, watches: 0))

    init(for time: Duration, list: @escaping @Sendable (Int) -> APIError?, watch: @escaping Answers) {
        end = time
        self.list = list
        self.watch = watch
    }

    var lists: Int { asked.withLock { $0.lists } }
    var watches: Int { asked.withLock { $0.watches } }

    /// Follows the source until the time is over.
    func follow(_ backoff: Backoff) async {
        await Task {
            let reflector = Reflector(
                source: self,
                clock: clock,
                backoff: backoff,
                generator: SeededGenerator(seed: 1)
            )
            for await _ in reflector {}
        }.value
    }

    func list(_ freshness: ListFreshness) async throws(APIError) -> ResourceList<String> {
        let number = asked.withLock { asked in
            asked.lists += 1
            return asked.lists - 1
        }
        spend()
        if let error = list(number) { throw error }
        return ResourceList(objects: ["a"], version: ResourceVersion(rawValue: "10"))
    }

    func watch(after version: ResourceVersion, for duration: Duration) async throws(APIError) -> ScriptedSource.Events {
        let number = asked.withLock { asked in
            asked.watches += 1
            return asked.watches - 1
        }
        spend()
        let answer = watch(number)
        if let refusal = answer.refusal { throw refusal }
        return ScriptedSource.Events(events: answer.events, error: answer.error, lifetime: answer.lasting, clock: clock)
    }

    /// A request takes a moment; the last one ends the task.
    private func spend() {
        clock.advance(by: .milliseconds(5))
        guard clock.now.sinceStart >= end else { return }
        unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() }
    }
}
