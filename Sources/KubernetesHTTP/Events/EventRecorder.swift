// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
public import KubernetesWatch
public import Logging

/// Writes events to the cluster, as well as it can: an event that cannot be written is a line of the debug log and nothing
/// more, and `record` never waits.
///
/// The same thing again within some minutes makes no new event, but counts up the last one. Twenty requests go out at once, and
/// then ten a minute: what there is more waits, and what is too much to wait is dropped. While events cannot be written, they are
/// tried ever less often, up to every two minutes.
public struct EventRecorder<Transport: APITransport>: Sendable {
    private let transport: Transport
    private let reporter: EventReporter
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> UnixTime
    private let queue: AsyncStream<Recorded>
    private let continuation: AsyncStream<Recorded>.Continuation

    private static var burst: Int { 20 }
    private static var interval: Duration { .seconds(6) }

    private struct Recorded {
        var event: ClusterEvent
        var time: UnixTime
    }

    /// - Parameters:
    ///   - capacity: How many events may wait. With more, new ones are dropped.
    ///   - clock: Sleeps between tries.
    ///   - now: The time that events have.
    public init(
        transport: Transport,
        reporter: EventReporter,
        capacity: Int = 100,
        logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> UnixTime = { UnixTime.current }
    ) {
        self.transport = transport
        self.reporter = reporter
        self.logger = logger
        self.clock = clock
        self.now = now
        (queue, continuation) = AsyncStream.makeStream(of: Recorded.self, bufferingPolicy: .bufferingOldest(capacity))
    }

    /// Has an event written. Returns at once, wherever it is called from.
    public func record(_ event: ClusterEvent) {
        if case .dropped = continuation.yield(Recorded(event: event, time: now())) {
            logger.debug("event dropped: too many wait", metadata: ["reason": "\(event.reason)"])
        }
    }

    /// Writes an event at once and beside the others: the last word before an end. Returns when it is written, or when it
    /// cannot be written, or when the time is up.
    public func write(_ event: ClusterEvent, within limit: Duration) async {
        await withTaskGroup { group in
            group.addTask {
                var log = EventLog()
                guard let write = log.note(event, at: now()) else { return }
                await perform(write, of: &log)
            }
            group.addTask {
                // Ends early when the event is written.
                try? await clock.sleep(for: limit)
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Writes what is recorded, until the task is cancelled. Call it once.
    public func run() async {
        var log = EventLog()
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(120), maximumUnanswered: .seconds(120))
        var generator = SystemRandomNumberGenerator()
        // The first event that fails may be one that nobody takes; the next one shows.
        var failures = 0
        var delay = Duration.zero
        var bucket = TokenBucket(capacity: Self.burst, interval: Self.interval)
        for await recorded in queue {
            guard let write = log.note(recorded.event, at: recorded.time) else { continue }
            // Throws only when the task is cancelled, as below.
            let pause = bucket.take(at: now())
            if pause > .zero { try? await clock.sleep(for: pause) }
            // Throws only when the task is cancelled, which ends the queue.
            if failures > 1 { try? await clock.sleep(for: delay) }
            if let error = await perform(write, of: &log) {
                failures += 1
                delay = backoff.nextDelay(after: error, using: &generator)
            } else {
                failures = 0
                backoff.reset()
            }
        }
    }

    /// - Returns: Why it could not be written.
    @discardableResult
    private func perform(_ write: EventLog.Write, of log: inout EventLog) async -> APIError? {
        do throws(APIError) {
            do throws(APIError) {
                try await send(write)
            } catch .status(let status) where status.code == 404 && !write.isNew {
                // The cluster forgets events after an hour.
                try await send(write.asNew)
            }
            return nil
        } catch {
            // What is not there cannot be counted up.
            log.forget(write.recorded)
            logger.debug(
                "event not written", metadata: ["reason": "\(write.recorded.event.reason)", "error": "\(error)"])
            return error
        }
    }

    /// Three tries: at start a node's network may be a moment behind.
    private func send(_ write: EventLog.Write) async throws(APIError) {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(10))
        var generator = SystemRandomNumberGenerator()
        var tries = 1
        while true {
            do throws(APIError) {
                let answer = try await transport.send(write.request(reporter)).checked()
                // Read to its end, so that the connection can serve again. An event has 4 KB at most.
                _ = try await answer.collect(upTo: 1 << 20)
                return
            } catch {
                guard tries < 3, error.isPassing, !Task.isCancelled else { throw error }
                tries += 1
                // Throws only when the task is cancelled, which the next try notices.
                try? await clock.sleep(for: backoff.nextDelay(after: error, using: &generator))
            }
        }
    }
}

extension APIError {
    /// Whether the same request may succeed a moment later.
    fileprivate var isPassing: Bool {
        switch self {
        case .status(let status): status.code == 429 || status.code >= 500
        case .transport: true
        case .malformed: false
        }
    }
}

/// Which events have been written lately.
struct EventLog {
    /// A request to the cluster.
    struct Write {
        var recorded: RecordedEvent
        var isNew: Bool

        var asNew: Write { Write(recorded: recorded, isNew: true) }

        func request(_ reporter: EventReporter) -> APIRequest {
            guard isNew else {
                return APIRequest(
                    method: .patch,
                    path: "\(recorded.collection)/\(recorded.name)",
                    contentType: "application/strategic-merge-patch+json",
                    body: recorded.patch.text,
                    idleLimit: .seconds(10)
                )
            }
            return APIRequest(
                method: .post,
                path: recorded.collection,
                contentType: "application/json",
                body: recorded.body(reporter).text,
                idleLimit: .seconds(10)
            )
        }
    }

    private struct Entry {
        var recorded: RecordedEvent
        var writtenAt: UnixTime
    }

    /// A series that was silent for longer is over; the next event starts another. As client-go has it.
    private static let seriesLimit: Int64 = 6 * 60 * 1_000_000
    /// The second of a series is written at once, those after it at most this often.
    private static let writeInterval: Int64 = 30 * 1_000_000
    private static let mostSeries = 500

    private var entries: [ClusterEvent.Series: Entry] = [:]
    private var number = 0

    /// - Returns: What is to be written now, if anything.
    mutating func note(_ event: ClusterEvent, at now: UnixTime) -> Write? {
        entries = entries.filter { now.microseconds - $0.value.recorded.lastTime.microseconds < Self.seriesLimit }
        number += 1
        guard var entry = entries[event.series] else {
            let recorded = RecordedEvent(event, time: now, number: number)
            if entries.count < Self.mostSeries {
                entries[event.series] = Entry(recorded: recorded, writtenAt: now)
            }
            return Write(recorded: recorded, isNew: true)
        }
        entry.recorded.count += 1
        entry.recorded.lastTime = now
        let isDue =
            entry.recorded.count == 2 || now.microseconds - entry.writtenAt.microseconds >= Self.writeInterval
        if isDue { entry.writtenAt = now }
        entries[event.series] = entry
        return isDue ? Write(recorded: entry.recorded, isNew: false) : nil
    }

    /// The next event of the series is a new one.
    mutating func forget(_ recorded: RecordedEvent) {
        entries[recorded.event.series] = nil
    }
}
