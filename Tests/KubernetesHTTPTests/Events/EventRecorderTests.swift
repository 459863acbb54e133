// SPDX-License-Identifier: GPL-2.0-or-later
import InMemoryLogging
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Logging
import Synchronization
import Testing

@testable import KubernetesHTTP

@Suite(.timeLimit(.minutes(5)))
struct EventRecorderTests {
    private let api = FakeAPIServer()

    /// A time that the test sets.
    final class Time: Sendable {
        private let state = Mutex(UnixTime(microseconds: 1_795_248_000_000_000))

        var now: UnixTime { state.withLock { $0 } }
        func advance(by seconds: Int64) { state.withLock { $0.microseconds += seconds * 1_000_000 } }
    }

    private let time = Time()

    private func recorder(logger: Logger = .silent, clock: FakeClock = FakeClock()) -> EventRecorder<FakeTransport> {
        EventRecorder(
            transport: FakeTransport(api),
            reporter: EventReporter(hostName: "node-1"),
            logger: logger,
            clock: clock,
            now: { [time] in time.now }
        )
    }

    /// Runs a recorder while `body` runs.
    private func run(
        _ recorder: EventRecorder<FakeTransport>,
        _ body: @Sendable @escaping (EventRecorder<FakeTransport>) async -> Void
    ) async {
        await withTaskGroup { group in
            group.addTask { await recorder.run() }
            await body(recorder)
            group.cancelAll()
        }
    }

    private static let started = ClusterEvent(
        .normal,
        reason: "Starting",
        action: "StartKubeProxy",
        regarding: .node(named: "node-1"),
        note: ""
    )

    private static let failed = ClusterEvent(
        .warning,
        reason: "FailedToStartServiceHealthcheck",
        action: "Listen",
        regarding: .service(namespace: "shop", name: "web"),
        note: "node node-1 failed to start healthcheck \"shop/web\" on port 30000"
    )

    @Test func `an event of a Node is written as kube-proxy writes it`() async throws {
        await run(recorder()) { [api] recorder in
            recorder.record(Self.started)
            await api.wait { $0.events.count == 1 }
        }
        let event = try #require(api.events.first)
        #expect(api.requests.map(\.path) == ["/apis/events.k8s.io/v1/namespaces/default/events"])
        #expect(event["apiVersion"]?.text == "events.k8s.io/v1")
        #expect(event["kind"]?.text == "Event")
        #expect(event["metadata", "namespace"]?.text == "default")
        #expect(event["metadata", "name"]?.text?.hasPrefix("node-1.") == true)
        #expect(event["eventTime"]?.text == "2026-11-21T08:00:00.000000Z")
        #expect(event["reportingController"]?.text == "kube-proxy")
        #expect(event["reportingInstance"]?.text == "kube-proxy-node-1")
        #expect(event["action"]?.text == "StartKubeProxy")
        #expect(event["reason"]?.text == "Starting")
        #expect(event["type"]?.text == "Normal")
        #expect(event["regarding", "kind"]?.text == "Node")
        #expect(event["regarding", "name"]?.text == "node-1")
        #expect(event["regarding", "uid"]?.text == "node-1")
        #expect(event["regarding", "namespace"] == nil)
        #expect(event["series"] == nil)
    }

    @Test func `an event of a Service is in its namespace`() async throws {
        await run(recorder()) { [api] recorder in
            recorder.record(Self.failed)
            await api.wait { $0.events.count == 1 }
        }
        #expect(api.requests.map(\.path) == ["/apis/events.k8s.io/v1/namespaces/shop/events"])
        #expect(api.events.first?["regarding", "uid"]?.text == "shop/web")
        #expect(api.events.first?["type"]?.text == "Warning")
        #expect(api.events.first?["note"]?.text == Self.failed.note)
    }

    @Test func `the same again counts up the last event`() async throws {
        await run(recorder()) { [api, time] recorder in
            func record(after seconds: Int64, requests: Int) async {
                time.advance(by: seconds)
                recorder.record(Self.failed)
                await api.wait { $0.requests.count == requests }
            }
            await record(after: 0, requests: 1)
            await record(after: 5, requests: 2)
            // Too soon to be written.
            await record(after: 5, requests: 2)
            await record(after: 60, requests: 3)
        }
        #expect(api.requests.map(\.method) == ["POST", "PATCH", "PATCH"])
        #expect(api.events.count == 1)
        #expect(api.events.first?["series", "count"]?.value == .integer(4))
        #expect(api.events.first?["series", "lastObservedTime"]?.text == "2026-11-21T08:01:10.000000Z")
    }

    @Test func `after some minutes of silence it is a new event`() async throws {
        await run(recorder()) { [api, time] recorder in
            recorder.record(Self.failed)
            await api.wait { $0.events.count == 1 }
            time.advance(by: 360)
            recorder.record(Self.failed)
            await api.wait { $0.events.count == 2 }
        }
        #expect(api.requests.map(\.method) == ["POST", "POST"])
        #expect(Set(api.events.map { $0["metadata", "name"]?.text }).count == 2)
    }

    @Test func `an event that the server has forgotten is written anew, with its count`() throws {
        var log = EventLog()
        let first = log.note(Self.failed, at: time.now)
        #expect(first?.isNew == true)
        let second = log.note(Self.failed, at: time.now)
        #expect(second?.isNew == false)
        let body = try #require(second).asNew.recorded.body(EventReporter(hostName: "h"))
        let read = try #require(try JSONReader.read(body.text))
        #expect(read["series", "count"]?.value == .integer(2))
    }

    @Test func `a failure is one line for those who debug, after three tries`() async throws {
        var options = FakeAPIServer.Options()
        options.token = "another"
        api.options = options
        let handler = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in handler }
        logger.logLevel = .trace
        await run(recorder(logger: logger)) { [api] recorder in
            recorder.record(Self.started)
            // A refusal that will not pass is not tried again.
            await api.wait { $0.requests.count == 1 }
            api.options.token = nil
            recorder.record(Self.failed)
            await api.wait { $0.events.count == 1 }
        }
        #expect(handler.entries.map(\.level) == [.debug])
        #expect(handler.entries.first?.metadata["error"] == "401 Unauthorized: Unauthorized")
    }

    @Test func `a server that cannot be reached is tried again a little later`() async throws {
        struct Unreachable: APITransport {
            let tries = Tries()

            func send(_ request: APIRequest) async throws(APIError) -> APIResponse<FakeTransport.Body> {
                tries.count()
                throw .transport(TransportFailure(.cannotConnect, "Connection refused"))
            }
        }
        let transport = Unreachable()
        let clock = FakeClock()
        let recorder = EventRecorder(
            transport: transport,
            reporter: EventReporter(hostName: "h"),
            logger: .silent,
            clock: clock
        )
        await withTaskGroup { group in
            group.addTask { await recorder.run() }
            recorder.record(Self.started)
            recorder.record(Self.failed)
            await transport.tries.wait(for: 6)
            group.cancelAll()
        }
        #expect(clock.sleeps.count == 4)
        #expect(clock.sleeps.allSatisfy { $0 >= .milliseconds(500) && $0 <= .seconds(2) })
    }

    @Test(arguments: [
        APIError.status(APIStatus(code: 500)), .status(APIStatus(code: 429, retryAfter: .seconds(0))),
        .status(APIStatus(code: 403)), .transport(TransportFailure(.cannotConnect, "Connection refused")),
    ])
    func `a server that takes no events is asked ever less often, however many there are`(error: APIError) async throws
    {
        struct Refusing: APITransport {
            let error: APIError
            let tries = Tries()

            func send(_ request: APIRequest) async throws(APIError) -> APIResponse<FakeTransport.Body> {
                tries.count()
                throw error
            }
        }
        let transport = Refusing(error: error)
        let clock = FakeClock()
        let recorder = EventRecorder(
            transport: transport,
            reporter: EventReporter(hostName: "h"),
            capacity: 1000,
            logger: .silent,
            clock: clock
        )
        for number in 0..<1000 {
            recorder.record(
                ClusterEvent(.warning, reason: "R\(number)", action: "A", regarding: .node(named: "n"), note: "")
            )
        }
        await withTaskGroup { group in
            group.addTask { await recorder.run() }
            await transport.tries.wait(for: 300)
            group.cancelAll()
        }
        // 300 requests are those of an hour at least; each second more or less is somebody else's jitter.
        #expect(clock.now.sinceStart >= .seconds(3600))
    }

    @Test func `the last word before an end is written at once, with nobody running`() async {
        let recorder = EventRecorder(
            transport: FakeTransport(api), reporter: EventReporter(hostName: "h"), logger: .silent)
        await recorder.write(Self.failed, within: .seconds(60))
        #expect(api.events.map { $0["reason"]?.text } == ["FailedToStartServiceHealthcheck"])
    }

    @Test func `the last word waits for no server`() async {
        struct Silent: APITransport {
            func send(_ request: APIRequest) async throws(APIError) -> APIResponse<FakeTransport.Body> {
                // Ends early when the task is cancelled.
                try? await Task.sleep(for: .seconds(3600))
                throw .transport(TransportFailure(.cancelled, "cancelled"))
            }
        }
        let recorder = EventRecorder(
            transport: Silent(), reporter: EventReporter(hostName: "h"), logger: .silent)
        let took = await ContinuousClock().measure {
            await recorder.write(Self.failed, within: .milliseconds(50))
        }
        #expect(took < .seconds(60))
    }

    @Test func `recording never waits, and too many events are dropped`() async {
        let recorder = EventRecorder(
            transport: FakeTransport(api),
            reporter: EventReporter(hostName: "h"),
            capacity: 10,
            logger: .silent
        )
        // Nothing takes them.
        for number in 0..<1000 {
            recorder.record(
                ClusterEvent(.warning, reason: "R\(number)", action: "A", regarding: .node(named: "n"), note: "")
            )
        }
        await run(recorder) { [api] _ in await api.wait { $0.events.count == 10 } }
        #expect(api.events.count == 10)
    }

    @Test func `twenty events go out at once, and then ten a minute, whoever they are about`() async {
        let clock = FakeClock()
        let recorder = EventRecorder(
            transport: FakeTransport(api), reporter: EventReporter(hostName: "h"), capacity: 100, logger: .silent,
            clock: clock, now: { [time] in time.now })
        await run(recorder) { [api] recorder in
            for number in 0..<30 {
                recorder.record(
                    ClusterEvent(
                        .warning, reason: "KernelRefused", action: "A",
                        regarding: .service(namespace: "shop", name: "s\(number)"), note: ""))
            }
            await api.wait { $0.events.count == 30 }
        }
        // The time of the events stands still, so each further one waits six seconds more.
        #expect(clock.sleeps == (1...10).map { .seconds(6 * $0) })
    }
}
