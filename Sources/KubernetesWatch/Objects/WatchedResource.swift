public import KubernetesObjects

/// What is listed and watched: a collection of the API, and which of its objects.
public struct WatchedResource<Object: WatchableObject>: Hashable, Sendable {
    /// Such as `/api/v1/services`.
    public var path: String
    public var labelSelector: String?
    public var fieldSelector: String?

    public init(path: String, labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.path = path
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }
}

extension WatchedResource<Service> {
    /// The Services that kube-proxy watches: not those of other proxies, and none that are headless.
    public static var services: Self {
        Self(
            path: "/api/v1/services",
            labelSelector: "!service.kubernetes.io/service-proxy-name",
            fieldSelector: "spec.clusterIP!=None"
        )
    }
}

extension WatchedResource<EndpointSlice> {
    /// The EndpointSlices that kube-proxy watches: none of headless Services.
    public static var endpointSlices: Self {
        Self(
            path: "/apis/discovery.k8s.io/v1/endpointslices",
            labelSelector: "!service.kubernetes.io/headless"
        )
    }
}

extension WatchedResource<Node> {
    /// All Nodes.
    public static var nodes: Self { Self(path: "/api/v1/nodes") }

    /// One Node.
    public static func node(named name: String) -> Self {
        Self(path: "/api/v1/nodes", fieldSelector: "metadata.name=\(name)")
    }
}

// MARK: - Requests

extension WatchedResource {
    /// A request for a page of the list.
    ///
    /// - Parameters:
    ///   - limit: The most items to answer with; `nil` for all of them.
    ///   - continuation: What the page before said; empty for the first page.
    func listRequest(
        _ freshness: ListFreshness,
        limit: Int?,
        continuation: String,
        accept: String,
        idleLimit: Duration
    ) -> APIRequest {
        var query = selectors
        if let limit { query.append(.init("limit", "\(limit)")) }
        if !continuation.isEmpty {
            // The token holds the version: the server refuses a request with both.
            query.append(.init("continue", continuation))
        } else if freshness == .cached {
            query.append(.init("resourceVersion", "0"))
        }
        return APIRequest(path: path, query: query, accept: accept, idleLimit: idleLimit)
    }

    /// A request for what happens after a version.
    ///
    /// - Parameter duration: When the server is to end the watch, in whole seconds.
    func watchRequest(
        after version: ResourceVersion,
        for duration: Duration,
        accept: String,
        idleLimit: Duration
    ) -> APIRequest {
        let query =
            selectors + [
                .init("watch", "true"),
                .init("allowWatchBookmarks", "true"),
                .init("resourceVersion", version.rawValue),
                .init("timeoutSeconds", "\(duration.components.seconds)"),
            ]
        return APIRequest(path: path, query: query, accept: accept, idleLimit: idleLimit)
    }

    private var selectors: [APIRequest.QueryItem] {
        var query: [APIRequest.QueryItem] = []
        if let labelSelector { query.append(.init("labelSelector", labelSelector)) }
        if let fieldSelector { query.append(.init("fieldSelector", fieldSelector)) }
        return query
    }
}
