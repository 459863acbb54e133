// SPDX-License-Identifier: GPL-2.0-or-later
/// The fields of a discovery.k8s.io/v1 EndpointSlice that routing looks at, as the API has them and with nothing checked.
public struct EndpointSliceFields: Hashable, Sendable {
    /// An element of `ports`.
    public struct Port: Hashable, Sendable {
        public var name: String?
        /// `protocol`.
        public var transport: String?
        public var port: Int64?

        public init(name: String? = nil, transport: String? = nil, port: Int64? = nil) {
            self.name = name
            self.transport = transport
            self.port = port
        }
    }

    /// An element of `endpoints`.
    public struct Endpoint: Hashable, Sendable {
        /// The first of `addresses`; the others have no meaning.
        public var address: String?
        public var ready: Bool?
        public var serving: Bool?
        public var terminating: Bool?
        public var nodeName: String?
        public var zone: String?
        /// `targetRef.name`, where `targetRef.kind` is `Pod`.
        public var podName: String?
        public var zoneHints: [String] = []
        public var nodeHints: [String] = []

        public init(address: String? = nil) {
            self.address = address
        }
    }

    public var name: ObjectName
    /// The label `kubernetes.io/service-name`.
    public var serviceName: String?
    /// Whether the label `service.kubernetes.io/headless` is there, with any value.
    public var isHeadless = false
    /// Those that are settings of this program.
    public var annotations = SettingAnnotations()
    public var addressType: String?
    public var ports: [Port] = []
    public var endpoints: [Endpoint] = []

    public init(name: ObjectName) {
        self.name = name
    }
}

extension EndpointSliceFields {
    /// The fields that a document of kind EndpointSlice has, and for a port without a name the empty one that the API
    /// server fills in.
    public init(_ document: DocumentNode) throws(ObjectDecodingError) {
        let metadata = try document.metadata(isNamespaced: true)
        self.init(name: metadata.name)
        serviceName = try metadata.label("kubernetes.io/service-name")
        isHeadless = metadata.hasLabel("service.kubernetes.io/headless")
        annotations = metadata.settingAnnotations
        addressType = try document.string("addressType")
        ports = try document.objects("ports") { port throws(ObjectDecodingError) in
            Port(
                name: try port.string("name") ?? "",
                transport: try port.string("protocol"),
                port: try port.integer("port")
            )
        }
        endpoints = try document.objects("endpoints") { node throws(ObjectDecodingError) in try Endpoint(node) }
    }
}

extension EndpointSliceFields.Endpoint {
    fileprivate init(_ document: DocumentNode) throws(ObjectDecodingError) {
        address = try document.strings("addresses").first
        nodeName = try document.string("nodeName")
        zone = try document.string("zone")
        _ = try document.object("targetRef") { target throws(ObjectDecodingError) in
            if try target.string("kind") == "Pod" { podName = try target.string("name") }
        }
        _ = try document.object("conditions") { conditions throws(ObjectDecodingError) in
            ready = try conditions.boolean("ready")
            serving = try conditions.boolean("serving")
            terminating = try conditions.boolean("terminating")
        }
        _ = try document.object("hints") { hints throws(ObjectDecodingError) in
            zoneHints = try hints.names("forZones")
            nodeHints = try hints.names("forNodes")
        }
    }
}

extension DocumentNode {
    /// The `name` of each element of a list.
    fileprivate func names(_ key: String) throws(ObjectDecodingError) -> [String] {
        try objects(key) { element throws(ObjectDecodingError) in
            guard let name = try element.string("name") else {
                throw ObjectDecodingError(missing: "name", of: element, wanted: "a string")
            }
            return name
        }
    }
}
