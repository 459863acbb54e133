// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A resource of an API server that is reached through a transport.
public final class ResourceListWatch<Transport: APITransport, Object: WatchableObject>: ResourceSource {
    public typealias Events = WatchEvents<Transport.Body, Object>

    let transport: Transport
    let resource: WatchedResource<Object>
    let options: ListWatchOptions
    let abilities: ServerAbilities
    let timeLimit: @Sendable (Duration) -> TimeLimit
    private let decoder = ObjectDecoder<Object>()

    /// - Parameters:
    ///   - abilities: Of the server, to be shared by all that is listed and watched there; `nil` for some of its own.
    ///   - clock: Says how long a list takes.
    public init<Timekeeper: Clock>(
        _ resource: WatchedResource<Object>,
        transport: Transport,
        options: ListWatchOptions = ListWatchOptions(),
        abilities: ServerAbilities? = nil,
        clock: Timekeeper = ContinuousClock()
    ) where Timekeeper.Duration == Duration {
        self.resource = resource
        self.transport = transport
        self.options = options
        self.abilities = abilities ?? ServerAbilities(clock: clock)
        timeLimit = { TimeLimit($0, on: clock) }
    }

    public func list(_ freshness: ListFreshness) async throws(APIError) -> ResourceList<ObservedObject<Object>> {
        try await list(freshness) { _ in true }
    }

    /// Lists the objects, and keeps some of them: however many there are, no other one stays in memory.
    public func list(
        _ freshness: ListFreshness,
        keeping isKept: (ObservedObject<Object>) -> Bool
    ) async throws(APIError) -> ResourceList<ObservedObject<Object>> {
        var attempt = newAttempt
        return try await pages(freshness, &attempt, keeping: isKept)
    }

    func pages(
        _ freshness: ListFreshness,
        _ attempt: inout Attempt,
        keeping isKept: (ObservedObject<Object>) -> Bool = { _ in true }
    ) async throws(APIError) -> ResourceList<ObservedObject<Object>> {
        var objects = ListedObjects<Object>()
        var page = PageRequest(freshness: freshness, length: options.pageLength)
        var emptyPages = 0
        let timeLimit = timeLimit(options.listLimit)
        while true {
            do throws(APIError) {
                let before = objects.count
                let read = try await readPage(page, &attempt, into: &objects, keeping: isKept, within: timeLimit)
                guard !read.continuation.isEmpty else {
                    return ResourceList(objects: objects.kept, version: read.version)
                }
                guard read.continuation != page.continuation else {
                    throw .malformed("a list whose next page is the same page again")
                }
                // The API allows a page without items where all were filtered out; API servers go on by themselves then.
                emptyPages = objects.count == before ? emptyPages + 1 : 0
                guard emptyPages < options.mostEmptyPages else {
                    throw .malformed("a list with \(emptyPages) pages without items, one after the other")
                }
                page.continuation = read.continuation
            } catch {
                // The token expires with the version that it is of, and another server behind the same address may not take
                // it at all. Without pages the answer has one version only, and nothing in it can expire.
                guard page.length != nil, !page.continuation.isEmpty, error.isAboutContinuation else { throw error }
                objects = ListedObjects()
                page = PageRequest(freshness: .latest, length: nil)
            }
        }
    }

    public func watch(after version: ResourceVersion, for duration: Duration) async throws(APIError) -> Events {
        var attempt = newAttempt
        let response = try await ask(&attempt) { features in
            resource.watchRequest(after: version, for: duration, features, options)
        }
        return try events(of: response)
    }

    public static func readyEvent(
        _ events: inout Events.AsyncIterator?
    ) throws(APIError) -> WatchEvent<ObservedObject<Object>>? {
        try events?.ready()
    }

    func events(of response: APIResponse<Transport.Body>) throws(APIError) -> Events {
        WatchEvents(
            body: response.body,
            encoding: try encoding(of: response),
            decoder: decoder,
            messageLimit: { [timeLimit, options] in timeLimit(options.messageLimit) }
        )
    }

    private func readPage(
        _ page: PageRequest,
        _ attempt: inout Attempt,
        into objects: inout ListedObjects<Object>,
        keeping isKept: (ObservedObject<Object>) -> Bool,
        within timeLimit: TimeLimit
    ) async throws(APIError) -> ListMetadata {
        let response =
            if page.continuation.isEmpty {
                try await ask(&attempt) { features in resource.listRequest(page, features, options) }
            } else {
                // Its token is for the same question: nothing of it can be left out.
                try await transport.send(resource.listRequest(page, attempt.features, options))
                    .checked(within: self.timeLimit(options.refusalLimit))
            }
        let encoding = try encoding(of: response)
        var list = ListBody(encoding: encoding)
        var body = response.body.makeAsyncIterator()
        while let chunk = try await body.next(isolation: #isolation) {
            try list.append(chunk) { item throws(APIError) in
                let object = try decode(item, encoding)
                objects.count += 1
                if isKept(object) { objects.kept.append(object) }
                guard objects.count <= options.mostObjects else {
                    throw .malformed("a list of more than \(options.mostObjects) objects")
                }
            }
            guard !timeLimit.isOver else {
                throw .transport(TransportFailure(.other, "the list was not whole after \(timeLimit.limit)"))
            }
        }
        return try list.finish()
    }

    private func decode(_ item: [UInt8], _ encoding: ContentEncoding) throws(APIError) -> ObservedObject<Object> {
        switch encoding {
        case .protobuf:
            return decoder.decode(protobuf: item).object
        case .json:
            do throws(DocumentSyntaxError) {
                guard let document = try JSONReader.read(item) else {
                    throw DocumentSyntaxError(line: 1, reason: "empty")
                }
                return decoder.decode(document).object
            } catch {
                throw .malformed("a list item: \(error.reason)")
            }
        }
    }

    private func encoding(of response: APIResponse<Transport.Body>) throws(APIError) -> ContentEncoding {
        guard let encoding = ContentEncoding(contentType: response.contentType) else {
            throw .malformed("an answer of type \(response.contentType?.prefix(100) ?? "")")
        }
        return encoding
    }
}

/// What has come of a list.
private struct ListedObjects<Object: WatchableObject> {
    var kept: [ObservedObject<Object>] = []
    /// Those that are not kept count too.
    var count = 0
}

/// Which page of a list is asked for.
struct PageRequest: Hashable {
    var freshness: ListFreshness
    /// The most items to answer with; `nil` for all of them.
    var length: Int?
    /// What the page before said; empty for the first page.
    var continuation = ""
}

extension APIError {
    /// Whether it may be about the token of the next page, and not about the list.
    fileprivate var isAboutContinuation: Bool {
        if case .status(let status) = self, status.code == 410 { true } else { isAboutTheRequest }
    }
}

/// How lists and watches are asked for.
public struct ListWatchOptions: Hashable, Sendable {
    /// How every object is asked for before a watch.
    public enum Listing: CaseIterable, Hashable, Sendable {
        case pages
        /// At the head of the watch, where the server offers that. It costs an API server less memory than a list does: it sends
        /// what its cache has, one object after the other (KEP-3157).
        case streams
    }

    /// The `Accept` header; see `ContentEncoding.acceptHeader`.
    public var accept: String
    public var listing = Listing.pages
    /// The most items of one page. A server that answers from its cache sends everything at once all the same.
    public var pageLength: Int
    /// For how long a server may be silent that is asked for a list.
    public var listIdleLimit: Duration
    /// For how long a watch may be silent. API servers send a bookmark every minute, give or take a quarter of it
    /// (`bookmarkFrequency` in `storage/cacher/cacher.go` of k8s.io/apiserver).
    public var watchIdleLimit: Duration
    /// For how long a list may take, all pages. API servers give up a request for a page after one minute
    /// (`--request-timeout`), and forget the version that the pages are of after five to ten (`--etcd-compaction-interval`).
    public var listLimit = Duration.seconds(600)
    /// For how long a message of a watch may take from its first piece on.
    public var messageLimit = Duration.seconds(60)
    /// For how long a server may take to say why it refuses a request.
    public var refusalLimit = Duration.seconds(30)
    /// Some twenty times as many as Kubernetes is made for (https://kubernetes.io/docs/setup/best-practices/cluster-large/).
    public var mostObjects = 500_000
    /// How many pages without items may follow each other.
    public var mostEmptyPages = 10

    public init(
        accept: String = ContentEncoding.acceptHeader(),
        pageLength: Int = 500,
        listIdleLimit: Duration = .seconds(60),
        watchIdleLimit: Duration = .seconds(120)
    ) {
        self.accept = accept
        self.pageLength = pageLength
        self.listIdleLimit = listIdleLimit
        self.watchIdleLimit = watchIdleLimit
    }
}
