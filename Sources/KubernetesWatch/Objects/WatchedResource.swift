// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// What is listed and watched: a collection of the API, and which of its objects.
public struct WatchedResource<Object: WatchableObject>: Hashable, Sendable {
    /// Such as `/api/v1/services`.
    public var path: String
    public var labelSelector: String?
    public var fieldSelector: String?
    /// Whether the objects that the field selector leaves out are told apart here too, so that a server need not know it.
    public var selectsLocally: Bool

    public init(
        path: String,
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        selectsLocally: Bool = false
    ) {
        self.path = path
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.selectsLocally = selectsLocally
    }
}

extension WatchedResource<Service> {
    /// The Services that kube-proxy watches: not those of other proxies, and none that are headless. Reading a headless Service
    /// comes to nothing (`ServiceFields.checked`), as in kube-proxy before it had the selector.
    public static var services: Self {
        Self(
            path: "/api/v1/services",
            labelSelector: "!service.kubernetes.io/service-proxy-name",
            fieldSelector: "spec.clusterIP!=None",
            selectsLocally: true
        )
    }

    /// One of those, for a look at it.
    public static func service(named name: ObjectName) -> Self {
        Self(
            path: "/api/v1/namespaces/\(name.namespace)/services",
            labelSelector: services.labelSelector,
            fieldSelector: "metadata.name=\(name.name)"
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

    /// Those of one Service, for a look at them.
    public static func endpointSlices(of service: ObjectName) -> Self {
        Self(
            path: "/apis/discovery.k8s.io/v1/namespaces/\(service.namespace)/endpointslices",
            labelSelector: "kubernetes.io/service-name=\(service.name),!service.kubernetes.io/headless"
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
    func listRequest(_ page: PageRequest, _ features: Set<RequestFeature>, _ options: ListWatchOptions) -> APIRequest {
        var query = selectors(features)
        if let length = page.length, features.contains(.pages) { query.append(.init("limit", "\(length)")) }
        if !page.continuation.isEmpty {
            // The token holds the version: the server refuses a request with both.
            query.append(.init("continue", page.continuation))
        } else if page.freshness == .cached {
            query.append(.init("resourceVersion", "0"))
        }
        return APIRequest(path: path, query: query, accept: options.accept(features), idleLimit: options.listIdleLimit)
    }

    /// A request for what happens after a version.
    ///
    /// - Parameter duration: When the server is to end the watch, in whole seconds.
    func watchRequest(
        after version: ResourceVersion,
        for duration: Duration,
        _ features: Set<RequestFeature>,
        _ options: ListWatchOptions
    ) -> APIRequest {
        var query = selectors(features)
        query.append(.init("watch", "true"))
        if features.contains(.bookmarks) { query.append(.init("allowWatchBookmarks", "true")) }
        query.append(.init("resourceVersion", version.rawValue))
        query.append(.init("timeoutSeconds", "\(duration.components.seconds)"))
        // Without bookmarks only the end of the watch is sure to come.
        let idleLimit = features.contains(.bookmarks) ? options.watchIdleLimit : duration + options.watchIdleLimit
        return APIRequest(path: path, query: query, accept: options.accept(features), idleLimit: idleLimit)
    }

    /// A request for every object, with what happens afterwards (KEP-3157). What is cached at version 0 is enough where no version
    /// is known to be newer; without a version the server waits until its cache is up to date.
    func streamRequest(
        _ freshness: ListFreshness,
        for duration: Duration,
        _ features: Set<RequestFeature>,
        _ options: ListWatchOptions
    ) -> APIRequest {
        var query = selectors(features)
        query += [
            .init("watch", "true"), .init("allowWatchBookmarks", "true"), .init("sendInitialEvents", "true"),
            .init("resourceVersionMatch", "NotOlderThan"),
        ]
        if freshness == .cached { query.append(.init("resourceVersion", "0")) }
        query.append(.init("timeoutSeconds", "\(duration.components.seconds)"))
        return APIRequest(path: path, query: query, accept: options.accept(features), idleLimit: options.watchIdleLimit)
    }

    private func selectors(_ features: Set<RequestFeature>) -> [APIRequest.QueryItem] {
        var query: [APIRequest.QueryItem] = []
        if let labelSelector { query.append(.init("labelSelector", labelSelector)) }
        if let fieldSelector, !selectsLocally || features.contains(.fieldSelector) {
            query.append(.init("fieldSelector", fieldSelector))
        }
        return query
    }
}

extension ListWatchOptions {
    fileprivate func accept(_ features: Set<RequestFeature>) -> String {
        features.contains(.protobuf) ? accept : ContentEncoding.jsonType
    }
}
