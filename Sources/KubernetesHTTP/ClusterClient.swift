// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects
public import KubernetesWatch
public import Logging

/// A way to one cluster: what is watched there, and where events go.
public struct ClusterClient: Sendable {
    /// `clientConnection` of the configuration, but for the kubeconfig.
    public struct Settings: Hashable, Sendable {
        public var acceptContentTypes: String
        public var contentType: String
        /// The requests per second that kube-proxy would allow itself; zero or less for no limit. There are few here, and
        /// only one kind can become many: lists that fail. They start at most this often.
        public var requestsPerSecond: Double

        public init(
            acceptContentTypes: String = "",
            contentType: String = "application/vnd.kubernetes.protobuf",
            requestsPerSecond: Double = 5
        ) {
            self.acceptContentTypes = acceptContentTypes
            self.contentType = contentType
            self.requestsPerSecond = requestsPerSecond
        }
    }

    public let transport: HTTPTransport
    let server: ServerAddress
    private let settings: Settings
    private var options: ListWatchOptions
    private let abilities: ServerAbilities

    /// - Parameters:
    ///   - version: Of this program, for the `User-Agent`.
    ///   - logger: For the warnings of `connection`, which are logged here, and for what credential plugins say.
    ///   - observe: Called with what comes of each request.
    public init(
        _ connection: ClusterConnection,
        settings: Settings = Settings(),
        version: String,
        logger: Logger,
        observe: @escaping @Sendable (RequestObservation) -> Void = { _ in }
    ) {
        for warning in connection.warnings {
            logger.warning("unsafe connection to the API server", metadata: ["warning": "\(warning)"])
        }
        server = connection.server
        transport = HTTPTransport(
            connection,
            userAgent: Self.userAgent(version: version),
            logger: logger,
            observe: observe
        )
        self.settings = settings
        abilities = ServerAbilities { $0.log(to: logger) }
        options = ListWatchOptions(
            accept: ContentEncoding.acceptHeader(
                acceptContentTypes: settings.acceptContentTypes,
                contentType: settings.contentType
            )
        )
        options.listing = .streams
    }

    /// The Services that kube-proxy watches.
    public var services: ResourceListWatch<HTTPTransport, Service> {
        ResourceListWatch(.services, transport: transport, options: options, abilities: abilities)
    }

    /// The EndpointSlices that kube-proxy watches.
    public var endpointSlices: ResourceListWatch<HTTPTransport, EndpointSlice> {
        ResourceListWatch(.endpointSlices, transport: transport, options: options, abilities: abilities)
    }

    /// The Service of a name, for a look at it.
    public func service(named name: ObjectName) -> ResourceListWatch<HTTPTransport, Service> {
        ResourceListWatch(.service(named: name), transport: transport, options: options, abilities: abilities)
    }

    /// The EndpointSlices of a Service, for a look at them.
    public func endpointSlices(of service: ObjectName) -> ResourceListWatch<HTTPTransport, EndpointSlice> {
        ResourceListWatch(.endpointSlices(of: service), transport: transport, options: options, abilities: abilities)
    }

    /// The Node of a name.
    public func node(named name: String) -> ResourceListWatch<HTTPTransport, Node> {
        ResourceListWatch(.node(named: name), transport: transport, options: options, abilities: abilities)
    }

    /// All Nodes, for a look at them: nobody watches them.
    public var nodes: ResourceListWatch<HTTPTransport, Node> {
        ResourceListWatch(.nodes, transport: transport, options: options, abilities: abilities)
    }

    /// Writes events in the name of kube-proxy, once it runs.
    ///
    /// - Parameter hostName: Of this node.
    public func eventRecorder(hostName: String, logger: Logger) -> EventRecorder<HTTPTransport> {
        EventRecorder(transport: transport, reporter: EventReporter(hostName: hostName), logger: logger)
    }

    /// The delays between tries.
    public var backoff: Backoff {
        var backoff = Backoff()
        if settings.requestsPerSecond > 0 {
            backoff.initial = min(max(backoff.initial, .seconds(1 / settings.requestsPerSecond)), backoff.maximum)
        }
        return backoff
    }

    /// Such as `kube-ipvs/1.0 (linux/amd64)`.
    static func userAgent(version: String) -> String {
        #if arch(x86_64)
        let architecture = "amd64"
        #elseif arch(arm64)
        let architecture = "arm64"
        #else
        let architecture = "unknown"
        #endif
        return "kube-ipvs/\(version) (linux/\(architecture))"
    }
}

extension ServerNotice {
    fileprivate func log(to logger: Logger) {
        switch self {
        case .streams:
            logger.info("the API server offers streaming lists; lists come that way")
        case .leavesOut(.streamingLists, _, let error):
            logger.info(
                "the API server offers no streaming lists; lists come in pages", metadata: ["answer": "\(error)"])
        case .leavesOut(let feature, let path, let error):
            logger.notice(
                "the API server does not know a part of a request; it is left out from now on",
                metadata: ["part": "\(feature.rawValue)", "path": "\(path)", "answer": "\(error)"]
            )
        }
    }
}
