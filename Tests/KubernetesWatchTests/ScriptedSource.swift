// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Synchronization

/// A source that answers from a script and remembers what it was asked.
final class ScriptedSource: ResourceSource {
    enum Answer: Sendable {
        case list([String], version: String)
        case listFails(APIError)
        /// - Parameter lasting: How long the watch lives on the clock.
        case watch([WatchEvent<String>], then: APIError? = nil, lasting: Duration = .zero)
        case watchFails(APIError)
    }

    let clock: FakeClock
    private let script: Mutex<[Answer]>
    private let requests = Mutex<[String]>([])
    private let lengths = Mutex<[Duration]>([])

    init(_ script: [Answer], clock: FakeClock = FakeClock()) {
        self.script = Mutex(script)
        self.clock = clock
    }

    var asked: [String] { requests.withLock { $0 } }
    /// For how long each watch was asked for.
    var watchLengths: [Duration] { lengths.withLock { $0 } }

    func list(_ freshness: ListFreshness) async throws(APIError) -> ResourceList<String> {
        requests.withLock { $0.append("list \(freshness)") }
        switch next() {
        case .list(let objects, let version):
            return ResourceList(objects: objects, version: ResourceVersion(rawValue: version))
        case .listFails(let error): throw error
        default: throw .malformed("script: expected a list")
        }
    }

    func watch(after version: ResourceVersion, for duration: Duration) async throws(APIError) -> Events {
        requests.withLock { $0.append("watch \(version.rawValue)") }
        lengths.withLock { $0.append(duration) }
        switch next() {
        case .watch(let events, let error, let lifetime):
            return Events(events: events, error: error, lifetime: lifetime, clock: clock)
        case .watchFails(let error): throw error
        default: throw .malformed("script: expected a watch")
        }
    }

    private func next() -> Answer? {
        script.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    /// A fixed run of events, and then an end or an error.
    struct Events: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = WatchEvent<String>
        typealias Failure = APIError

        var events: [WatchEvent<String>]
        var error: APIError?
        var lifetime: Duration
        var clock: FakeClock

        func makeAsyncIterator() -> Self { self }

        mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> Element? {
            guard events.isEmpty else { return events.removeFirst() }
            clock.advance(by: lifetime)
            if let error { throw error }
            return nil
        }
    }
}

extension WatchEvent<String> {
    static func applied(_ object: String, at version: String) -> Self {
        WatchEvent(.applied(object), version: ResourceVersion(rawValue: version))
    }

    static func deleted(_ object: String, at version: String) -> Self {
        WatchEvent(.deleted(object), version: ResourceVersion(rawValue: version))
    }

    static func bookmark(at version: String) -> Self {
        WatchEvent(.bookmark, version: ResourceVersion(rawValue: version))
    }
}

extension ResourceUpdate<String> {
    var summary: String {
        switch self {
        case .replaced(let objects): "= \(objects.joined(separator: ","))"
        case .applied(let object): "+ \(object)"
        case .deleted(let object): "- \(object)"
        }
    }
}

extension APIError {
    static func status(_ code: Int, _ reason: String = "", retryAfter: Duration? = nil, causes: [String] = []) -> Self {
        .status(APIStatus(code: code, reason: reason, retryAfter: retryAfter, causes: causes))
    }

    static let reset = APIError.transport(TransportFailure(.connectionLost, "connection reset by peer"))
    static let silent = APIError.transport(TransportFailure(.silent, "nothing arrived for 120 s"))
    static let expired = APIError.status(410, "Expired")
}
