// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Synchronization
import SystemTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct ReflectorTests {
    private func reflector(_ source: ScriptedSource, seed: UInt64 = 1) -> Reflector<ScriptedSource, FakeClock> {
        Reflector(source: source, clock: source.clock, generator: SeededGenerator(seed: seed))
    }

    private func updates(_ count: Int, from source: ScriptedSource) async -> [String] {
        var updates: [String] = []
        for await update in reflector(source).prefix(count) { updates.append(update.summary) }
        return updates
    }

    @Test func `the first list is served from the server's cache`() async {
        let source = ScriptedSource([.list(["a"], version: "10")])

        #expect(await updates(1, from: source) == ["= a"])
        #expect(source.asked == ["list cached"])
    }

    @Test func `a closed watch goes on from the last version, bookmarks included`() async {
        let source = ScriptedSource([
            .list(["a"], version: "10"),
            .watch([.applied("b", at: "11"), .bookmark(at: "15")]),
            .watch([.deleted("b", at: "16")]),
        ])

        #expect(await updates(3, from: source) == ["= a", "+ b", "- b"])
        #expect(source.asked == ["list cached", "watch 10", "watch 15"])
        #expect(source.clock.sleeps.isEmpty)
    }

    @Test(arguments: [
        APIError.expired, .malformed("truncated"), .status(400, "BadRequest"), .status(404, "NotFound"),
        .status(504, "Timeout", causes: ["ResourceVersionTooLarge"]),
    ])
    func `a version that is of no use is listed anew, whether the watch was refused or broke`(error: APIError) async {
        for failing in [ScriptedSource.Answer.watchFails(error), .watch([], then: error)] {
            let source = ScriptedSource([
                .list(["a", "b"], version: "10"),
                failing,
                .list(["b"], version: "90"),
                .watch([.applied("c", at: "91")]),
            ])

            #expect(await updates(3, from: source) == ["= a,b", "= b", "+ c"])
            #expect(source.asked == ["list cached", "watch 10", "list latest", "watch 90"])
        }
    }

    @Test(arguments: [
        APIError.status(503), .status(500), .status(401), .status(403), .status(429), .status(504), .reset, .silent,
    ])
    func `a watch that broke or was refused for the moment does not list anew`(error: APIError) async {
        for failing in [ScriptedSource.Answer.watchFails(error), .watch([], then: error)] {
            let source = ScriptedSource([
                .list(["a"], version: "10"),
                failing,
                .watch([.applied("b", at: "12")]),
            ])

            #expect(await updates(2, from: source) == ["= a", "+ b"])
            #expect(source.asked == ["list cached", "watch 10", "watch 10"])
            #expect(source.clock.sleeps.count == 1)
        }
    }

    @Test func `the server's own delay is kept`() async {
        let source = ScriptedSource([
            .listFails(.status(429, "TooManyRequests", retryAfter: .seconds(7))),
            .list(["a"], version: "10"),
        ])

        _ = await updates(1, from: source)
        #expect(source.clock.sleeps == [.seconds(7)])
    }

    @Test func `failures are retried for ever and ever less often, up to the longest delay`() async {
        let failures = [ScriptedSource.Answer](repeating: .listFails(.reset), count: 100)
        let source = ScriptedSource(failures + [.list(["a"], version: "10")])

        #expect(await updates(1, from: source) == ["= a"])
        let sleeps = source.clock.sleeps
        #expect(sleeps.count == 100)
        #expect(sleeps.allSatisfy { $0 <= .seconds(30) })
        #expect(sleeps[0] <= .milliseconds(200))
        #expect(sleeps[99] >= .seconds(15))
    }

    @Test(arguments: [
        APIError.transport(TransportFailure(.cannotConnect, "connection refused")),
        .transport(TransportFailure(.tls, "no TLS handshake in time")),
        .transport(TransportFailure(.unanswered, "closed before the response")), .silent,
        // A load balancer's, which has no server to ask.
        .status(502), .status(503), .status(504),
    ])
    func `a server that does not answer is looked for every two seconds, however long it is away`(error: APIError) async
    {
        let watches = [ScriptedSource.Answer](repeating: .watchFails(error), count: 400)
        let source = ScriptedSource(
            [.list(["a"], version: "10")] + watches + [.watch([.applied("b", at: "11")])]
        )

        #expect(await updates(2, from: source) == ["= a", "+ b"])
        let sleeps = source.clock.sleeps
        #expect(sleeps.count == 400)
        #expect(sleeps.allSatisfy { $0 <= .seconds(2) })
        #expect(sleeps[399] >= .seconds(1))
        #expect(Set(sleeps).count > 50)
    }

    @Test(arguments: [APIError.reset, .status(500), .status(503, "ServiceUnavailable"), .malformed("half")])
    func `a server that answers and fails is asked ever less often`(error: APIError) async {
        let source = ScriptedSource(
            [ScriptedSource.Answer](repeating: .listFails(error), count: 20) + [.list(["a"], version: "10")]
        )

        _ = await updates(1, from: source)
        #expect(source.clock.sleeps[19] >= .seconds(15))
    }

    @Test func `a server that has been away long is not made to wait for its first words`() async {
        let absent = APIError.transport(TransportFailure(.cannotConnect, "connection refused"))
        let source = ScriptedSource(
            [ScriptedSource.Answer](repeating: .listFails(absent), count: 400)
                + [.listFails(.status(403)), .listFails(.status(500)), .list(["a"], version: "10")]
        )

        _ = await updates(1, from: source)
        #expect(source.clock.sleeps[400...].allSatisfy { $0 <= .milliseconds(400) })
    }

    @Test func `a load balancer's own delay is kept too`() async {
        let source = ScriptedSource([.listFails(.status(503, retryAfter: .seconds(9))), .list(["a"], version: "10")])

        _ = await updates(1, from: source)
        #expect(source.clock.sleeps == [.seconds(9)])
    }

    @Test func `the delays of two nodes differ`() async {
        var delays: Set<Duration> = []
        for seed in 0..<10 as Range<UInt64> {
            let source = ScriptedSource([.listFails(.reset), .list(["a"], version: "10")])
            for await _ in reflector(source, seed: seed).prefix(1) {}
            delays.formUnion(source.clock.sleeps)
        }
        #expect(delays.count == 10)
    }

    @Test func `watches are asked for five to ten minutes, each for another time`() async {
        let watches = (0..<50).map { ScriptedSource.Answer.watch([.bookmark(at: "\($0)")]) }
        let source = ScriptedSource([.list(["a"], version: "10")] + watches + [.watch([.applied("b", at: "99")])])

        _ = await updates(2, from: source)
        #expect(source.watchLengths.allSatisfy { (.seconds(300)...(.seconds(600))).contains($0) })
        #expect(Set(source.watchLengths).count > 10)
    }

    @Test func `a watch that ends at once without a message is not retried at once`() async {
        let source = ScriptedSource([.list(["a"], version: "10"), .watch([]), .watch([.applied("b", at: "11")])])

        _ = await updates(2, from: source)
        #expect(source.asked == ["list cached", "watch 10", "watch 10"])
        #expect(source.clock.sleeps.count == 1)
    }

    @Test func `a watch that lived its time without a message is no failure`() async {
        let source = ScriptedSource([
            .list(["a"], version: "10"), .watch([], lasting: .seconds(400)), .watch([.applied("b", at: "11")]),
        ])

        _ = await updates(2, from: source)
        #expect(source.asked == ["list cached", "watch 10", "watch 10"])
        #expect(source.clock.sleeps.isEmpty)
    }

    @Test func `a server that expires each version is asked ever less often`() async {
        let cycle: [ScriptedSource.Answer] = [.list(["a"], version: "10"), .watch([], then: .expired)]
        let source = ScriptedSource(cycle + cycle + cycle + cycle + [.list(["a"], version: "10")])

        _ = await updates(5, from: source)
        let sleeps = source.clock.sleeps
        #expect(sleeps.count == 4)
        #expect(sleeps[3] > sleeps[0] * 3)
    }

    @Test func `time resets the delay, and no message does`() async {
        func sleeps(lasting: Duration) async -> [Duration] {
            let broken = [ScriptedSource.Answer](
                repeating: .watch([.bookmark(at: "11")], then: .reset, lasting: lasting),
                count: 20
            )
            let source = ScriptedSource(
                [.list(["a"], version: "10")] + broken + [.watch([.applied("b", at: "12")])]
            )
            _ = await updates(2, from: source)
            return source.clock.sleeps
        }
        let healthy = await sleeps(lasting: .seconds(120))
        #expect(healthy.count == 20)
        #expect(healthy.allSatisfy { $0 <= .milliseconds(200) })
        #expect(await sleeps(lasting: .zero)[19] >= .seconds(15))
    }

    @Test func `an event whose version could not be read leaves the last one`() async {
        let source = ScriptedSource([
            .list(["a"], version: "10"),
            .watch([.applied("b", at: "11"), WatchEvent(.applied("c"), version: nil)]),
            .watch([.applied("d", at: "12")]),
        ])

        #expect(await updates(4, from: source) == ["= a", "+ b", "+ c", "+ d"])
        #expect(source.asked.last == "watch 11")
    }

    @Test func `each failure is told of once, with what happens next`() async {
        let seen = Mutex<[ReflectorEvent]>([])
        let source = ScriptedSource([
            .listFails(.status(429, retryAfter: .seconds(40))), .list(["a"], version: "10"),
            .watch([.bookmark(at: "11")]), .watch([.applied("b", at: "12")]),
        ])
        let reflector = Reflector(source: source, clock: source.clock) { event in seen.withLock { $0.append(event) } }

        for await _ in reflector.prefix(2) {}
        #expect(
            seen.withLock { $0 } == [
                .failed(.status(429, retryAfter: .seconds(40)), isListing: true, delay: .seconds(40)),
                .listed(count: 1, version: ResourceVersion(rawValue: "10")),
                .watching(after: ResourceVersion(rawValue: "10")),
                .watchEnded,
                .watching(after: ResourceVersion(rawValue: "11")),
            ]
        )
    }

    @Test func `cancelling the task ends the sequence`() async {
        let api = FakeAPIServer()
        let source = ResourceListWatch(.services, transport: FakeTransport(api))
        let task = Task {
            var seen = 0
            for await _ in Reflector(source: source, clock: FakeClock()) { seen += 1 }
            return seen
        }
        await api.wait { $0.openWatches == 1 }
        task.cancel()
        #expect(await task.value == 1)
        #expect(api.openWatches == 0)
    }
}
