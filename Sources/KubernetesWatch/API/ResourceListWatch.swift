import KubernetesObjects

/// A resource of an API server that is reached through a transport.
public final class ResourceListWatch<Transport: APITransport, Object: WatchableObject>: ResourceSource {
    public typealias Events = WatchEvents<Transport.Body, Object>

    private let transport: Transport
    private let resource: WatchedResource<Object>
    private let options: ListWatchOptions
    private let decoder = ObjectDecoder<Object>()

    public init(
        _ resource: WatchedResource<Object>,
        transport: Transport,
        options: ListWatchOptions = ListWatchOptions()
    ) {
        self.resource = resource
        self.transport = transport
        self.options = options
    }

    public func list(_ freshness: ListFreshness) async throws(APIError) -> ResourceList<ObservedObject<Object>> {
        var objects: [ObservedObject<Object>] = []
        var limit: Int? = options.pageLength
        var continuation = ""
        var freshness = freshness
        while true {
            let request = resource.listRequest(
                freshness,
                limit: limit,
                continuation: continuation,
                accept: options.accept,
                idleLimit: options.listIdleLimit
            )
            do throws(APIError) {
                let page = try await readPage(request, into: &objects)
                guard !page.continuation.isEmpty else {
                    return ResourceList(objects: objects, version: page.version)
                }
                guard page.continuation != continuation else {
                    throw .malformed("a list whose next page is the same page again")
                }
                continuation = page.continuation
            } catch {
                // The token expires with the version that it is of. Without pages the answer has one version only, and
                // nothing in it can expire.
                guard case .status(let status) = error, status.code == 410, !continuation.isEmpty else { throw error }
                objects = []
                limit = nil
                continuation = ""
                freshness = .latest
            }
        }
    }

    public func watch(after version: ResourceVersion, for duration: Duration) async throws(APIError) -> Events {
        let request = resource.watchRequest(
            after: version,
            for: duration,
            accept: options.accept,
            idleLimit: options.watchIdleLimit
        )
        let response = try await transport.send(request).checked()
        return WatchEvents(body: response.body, encoding: try encoding(of: response), decoder: decoder)
    }

    private func readPage(
        _ request: APIRequest,
        into objects: inout [ObservedObject<Object>]
    ) async throws(APIError) -> ListMetadata {
        let response = try await transport.send(request).checked()
        let encoding = try encoding(of: response)
        var list = ListBody(encoding: encoding)
        var body = response.body.makeAsyncIterator()
        while let chunk = try await body.next(isolation: #isolation) {
            try list.append(chunk) { item throws(APIError) in
                objects.append(try decode(item, encoding))
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

/// How lists and watches are asked for.
public struct ListWatchOptions: Hashable, Sendable {
    /// The `Accept` header; see `ContentEncoding.acceptHeader`.
    public var accept: String
    /// The most items of one page. A server that answers from its cache sends everything at once all the same.
    public var pageLength: Int
    /// For how long a server may be silent that is asked for a list.
    public var listIdleLimit: Duration
    /// For how long a watch may be silent. API servers send a bookmark every minute, give or take a quarter of it
    /// (`bookmarkFrequency` in `storage/cacher/cacher.go` of k8s.io/apiserver).
    public var watchIdleLimit: Duration

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
