// SPDX-License-Identifier: GPL-2.0-or-later
/// A point in the history of a resource. Opaque: it is stored and sent back, never compared.
public struct ResourceVersion: RawRepresentable, Hashable, Sendable {
    public var rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Every object of a resource, as of one version.
public struct ResourceList<Object: Sendable>: Sendable {
    public var objects: [Object]
    public var version: ResourceVersion

    public init(objects: [Object], version: ResourceVersion) {
        self.objects = objects
        self.version = version
    }
}

/// What a source begins with.
public struct InitialState<Object: Sendable, Following> {
    public var list: ResourceList<Object>
    /// What happens after the list, where it came at the head of a watch; `nil` where a watch has still to be asked for.
    public var following: Following?

    public init(list: ResourceList<Object>, following: Following? = nil) {
        self.list = list
        self.following = following
    }
}

/// Which state of the objects a list is to show.
public enum ListFreshness: Hashable, Sendable {
    /// Whatever the server has at hand, which costs it little.
    case cached
    /// The newest there is.
    case latest
}

/// One message of a watch. The server's `ERROR` message is not here: it is thrown.
public struct WatchEvent<Object: Sendable>: Sendable {
    public enum Change: Sendable {
        /// `ADDED` or `MODIFIED`. After a reconnect an object may be added twice.
        case applied(Object)
        case deleted(Object)
        /// Nothing changed, up to the event's version.
        case bookmark
    }

    public var change: Change
    /// Where the history is after the event; `nil` when the object that should say it could not be read.
    public var version: ResourceVersion?

    public init(_ change: Change, version: ResourceVersion?) {
        self.change = change
        self.version = version
    }
}

extension WatchEvent: Equatable where Object: Equatable {}
extension WatchEvent.Change: Equatable where Object: Equatable {}

/// An API server, as one resource's reader sees it.
public protocol ResourceSource: Sendable {
    associatedtype Object: Sendable
    associatedtype Events: AsyncSequence
    where Events.Element == WatchEvent<Object>, Events.Failure == APIError

    /// Every object, all pages.
    func list(_ freshness: ListFreshness) async throws(APIError) -> ResourceList<Object>

    /// Every object, and the watch after that where both come together. The server closes such a watch after `duration`.
    func begin(
        _ freshness: ListFreshness,
        for duration: Duration
    ) async throws(APIError) -> InitialState<Object, Events.AsyncIterator>

    /// A message that has arrived already; `nil` where one would have to be waited for, or none is open.
    static func readyEvent(_ events: inout Events.AsyncIterator?) throws(APIError) -> WatchEvent<Object>?

    /// What happened after `version`. The sequence ends when the server closes the watch, as it does after `duration`.
    func watch(after version: ResourceVersion, for duration: Duration) async throws(APIError) -> Events
}

extension ResourceSource {
    public static func readyEvent(_ events: inout Events.AsyncIterator?) throws(APIError) -> WatchEvent<Object>? { nil }

    public func begin(
        _ freshness: ListFreshness,
        for duration: Duration
    ) async throws(APIError) -> InitialState<Object, Events.AsyncIterator> {
        InitialState(list: try await list(freshness))
    }
}
