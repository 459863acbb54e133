// SPDX-License-Identifier: GPL-2.0-or-later
/// A change to the known objects of a resource.
public enum ResourceUpdate<Object: Sendable>: Sendable {
    /// These are all the objects. Those known before and not here are gone.
    case replaced([Object])
    case applied(Object)
    case deleted(Object)
}

extension ResourceUpdate: Equatable where Object: Equatable {}

/// The objects of a resource, for as long as the task lives.
///
/// It lists once and then watches; a source may do both in one. A watch that ends or breaks goes on from the last version seen; one whose version has
/// expired starts over with a list, which arrives as `replaced`, so that deletions missed in between are not lost.
/// Failures are retried for ever: the sequence ends only when its task is cancelled. Watches that end early, one after the
/// other, count as failures, however they end.
///
/// The iterator does its work inside `next()`. There is no task behind it and no buffer in front, so a slow consumer slows
/// the read from the server down and nothing piles up.
public struct Reflector<Source: ResourceSource, RetryClock: Clock>: AsyncSequence, Sendable
where RetryClock.Duration == Duration {
    public typealias Element = ResourceUpdate<Source.Object>
    public typealias Failure = Never

    private let source: Source
    private let clock: RetryClock
    private let backoff: Backoff
    private let generator: any RandomNumberGenerator & Sendable
    private let observe: @Sendable (ReflectorEvent) -> Void

    /// - Parameters:
    ///   - clock: Sleeps between tries, and says how long a watch has lived.
    ///   - generator: Scatters delays and the lengths of watches. Each iterator starts with a copy.
    ///   - observe: Called for each event as it happens; a failure's before its delay.
    public init(
        source: Source,
        clock: RetryClock,
        backoff: Backoff = Backoff(),
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        observe: @escaping @Sendable (ReflectorEvent) -> Void = { _ in }
    ) {
        self.source = source
        self.clock = clock
        self.backoff = backoff
        self.generator = generator
        self.observe = observe
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(reflector: self)
    }

    public struct Iterator: AsyncIteratorProtocol {
        private enum Phase {
            case listing(ListFreshness)
            case connecting
            case watching(since: RetryClock.Instant, hasMessage: Bool)
        }

        private let reflector: Reflector
        private var backoff: Backoff
        private var generator: any RandomNumberGenerator & Sendable
        private var phase = Phase.listing(.cached)
        /// The last version seen; empty only before the first list.
        private var version = ResourceVersion(rawValue: "")
        /// The open watch. Not in `phase`, where taking it out to read on would copy what it has buffered.
        private var events: Source.Events.AsyncIterator?
        /// What a message that had arrived already came to, until `next` sees to it.
        private var pending: APIError?
        /// How many watches one after the other have ended in good order and long before their time.
        private var earlyEnds = 0

        fileprivate init(reflector: Reflector) {
            self.reflector = reflector
            backoff = reflector.backoff
            generator = reflector.generator
        }

        public mutating func next(isolation: isolated (any Actor)? = #isolation) async -> Element? {
            while !Task.isCancelled {
                do throws(APIError) {
                    if let update = try await step(isolation: isolation) {
                        return update
                    }
                } catch {
                    events = nil
                    guard !Task.isCancelled else { break }
                    await recover(from: error, isolation: isolation)
                }
            }
            events = nil
            return nil
        }

        /// An update that has arrived already: what follows the last one without a wait. `nil` where there is none, or where
        /// something else is due, which `next` does.
        public mutating func nextReady() -> Element? {
            guard pending == nil, case .watching = phase, !Task.isCancelled else { return nil }
            do throws(APIError) {
                while let event = try Source.readyEvent(&events) {
                    if let update = take(event) { return update }
                }
            } catch {
                pending = error
            }
            return nil
        }

        /// Goes one step on: a request, or one message of the watch.
        private mutating func step(isolation: isolated (any Actor)?) async throws(APIError) -> Element? {
            if let error = pending.take() { throw error }
            switch phase {
            case .listing(let freshness):
                let duration = watchDuration()
                let start = reflector.clock.now
                let state = try await reflector.source.begin(freshness, for: duration)
                version = state.list.version
                reflector.observe(.listed(count: state.list.objects.count, version: version))
                if let following = state.following {
                    events = following
                    phase = .watching(since: start, hasMessage: true)
                    reflector.observe(.watching(after: version))
                } else {
                    phase = .connecting
                }
                return .replaced(state.list.objects)

            case .connecting:
                let duration = watchDuration()
                let watch = try await reflector.source.watch(after: version, for: duration)
                events = watch.makeAsyncIterator()
                phase = .watching(since: reflector.clock.now, hasMessage: false)
                reflector.observe(.watching(after: version))
                return nil

            case .watching(let start, let hasMessage):
                guard let event = try await events?.next(isolation: isolation) else {
                    events = nil
                    // Who restarts an API server ends a watch early, once.
                    earlyEnds = start.duration(to: reflector.clock.now) < backoff.maximum ? earlyEnds + 1 : 0
                    guard earlyEnds == 0 || hasMessage else { throw .watchEndedWithoutMessage }
                    guard earlyEnds < 2 else { throw .watchesEndEarly }
                    phase = .connecting
                    reflector.observe(.watchEnded)
                    return nil
                }
                if !hasMessage { phase = .watching(since: start, hasMessage: true) }
                return take(event)
            }
        }

        private mutating func take(_ event: WatchEvent<Source.Object>) -> Element? {
            if let newer = event.version { version = newer }
            switch event.change {
            case .applied(let object): return .applied(object)
            case .deleted(let object): return .deleted(object)
            case .bookmark: return nil
            }
        }

        /// Scattered, so that the watches of all nodes do not end together.
        private mutating func watchDuration() -> Duration {
            .seconds(Int.random(in: 300...600, using: &generator))
        }

        private mutating func recover(from error: APIError, isolation: isolated (any Actor)?) async {
            let isListing: Bool
            if case .listing = phase { isListing = true } else { isListing = false }
            // A list proves nothing: a server that expires each version at once would be listed without pause.
            var lived = Duration.zero
            if case .watching(let start, _) = phase { lived = start.duration(to: reflector.clock.now) }
            if error.needsRelist {
                // The server's cache may be behind the history that has just been found wanting.
                phase = .listing(.latest)
            } else if !isListing {
                phase = .connecting
            }
            let delay = backoff.nextDelay(after: error, lived: lived, using: &generator)
            reflector.observe(.failed(error, isListing: isListing, delay: delay))
            // Throws only when the task is cancelled, which `next` sees.
            try? await reflector.clock.sleep(for: delay)
        }
    }
}

extension APIError {
    /// Bookmarks come every minute or so: a watch that has ended before is of a server that cannot serve.
    fileprivate static var watchEndedWithoutMessage: APIError {
        .transport(TransportFailure(.connectionLost, "the watch ended at once and without a message"))
    }

    fileprivate static var watchesEndEarly: APIError {
        .transport(TransportFailure(.connectionLost, "watches end long before their time"))
    }
}
