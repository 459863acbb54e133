// SPDX-License-Identifier: GPL-2.0-or-later
/// The fields of a v1 Service that routing looks at, as the API has them and with nothing checked.
public struct ServiceFields: Hashable, Sendable {
    /// An element of `spec.ports`.
    public struct Port: Hashable, Sendable {
        public var name: String?
        /// `protocol`.
        public var transport: String?
        public var port: Int64?
        public var nodePort: Int64?

        public init(name: String? = nil, transport: String? = nil, port: Int64? = nil, nodePort: Int64? = nil) {
            self.name = name
            self.transport = transport
            self.port = port
            self.nodePort = nodePort
        }
    }

    /// An element of `status.loadBalancer.ingress`.
    public struct Ingress: Hashable, Sendable {
        public var ip: String?
        public var ipMode: String?

        public init(ip: String? = nil, ipMode: String? = nil) {
            self.ip = ip
            self.ipMode = ipMode
        }
    }

    /// `metadata.creationTimestamp`: a text in YAML and JSON, seconds since 1970 in protobuf.
    public enum CreationTimestamp: Hashable, Sendable {
        case text(String)
        case seconds(Int64)
    }

    public var name: ObjectName
    public var creationTimestamp: CreationTimestamp?
    /// Whether the label `service.kubernetes.io/service-proxy-name` is there, with any value.
    public var isOfOtherProxy = false
    /// Those that are settings of this program.
    public var annotations = SettingAnnotations()
    public var type: String?
    public var clusterIP: String?
    public var clusterIPs: [String] = []
    public var ipFamilies: [String] = []
    public var ports: [Port] = []
    public var externalIPs: [String] = []
    public var internalTrafficPolicy: String?
    public var externalTrafficPolicy: String?
    public var sessionAffinity: String?
    /// `spec.sessionAffinityConfig.clientIP.timeoutSeconds`.
    public var clientAffinityTimeout: Int64?
    public var healthCheckNodePort: Int64?
    public var loadBalancerSourceRanges: [String] = []
    public var loadBalancerIngress: [Ingress] = []

    public init(name: ObjectName) {
        self.name = name
    }
}

extension ServiceFields {
    /// The fields that a document of kind Service has.
    public init(_ document: DocumentNode) throws(ObjectDecodingError) {
        let metadata = try document.metadata(isNamespaced: true)
        self.init(name: metadata.name)
        creationTimestamp = metadata.creationTimestamp.map(CreationTimestamp.text)
        isOfOtherProxy = metadata.hasLabel("service.kubernetes.io/service-proxy-name")
        annotations = metadata.settingAnnotations
        _ = try document.object("spec") { spec throws(ObjectDecodingError) in try readSpec(spec) }
        loadBalancerIngress =
            try document.object("status") { status throws(ObjectDecodingError) in
                try status.object("loadBalancer") { balancer throws(ObjectDecodingError) in
                    try balancer.objects("ingress") { ingress throws(ObjectDecodingError) in
                        Ingress(ip: try ingress.string("ip"), ipMode: try ingress.string("ipMode"))
                    }
                }
            } ?? []
    }

    private mutating func readSpec(_ spec: DocumentNode) throws(ObjectDecodingError) {
        type = try spec.string("type")
        clusterIP = try spec.string("clusterIP")
        clusterIPs = try spec.strings("clusterIPs")
        ipFamilies = try spec.strings("ipFamilies")
        ports = try spec.objects("ports") { port throws(ObjectDecodingError) in
            Port(
                name: try port.string("name"),
                transport: try port.string("protocol"),
                port: try port.integer("port"),
                nodePort: try port.integer("nodePort")
            )
        }
        externalIPs = try spec.strings("externalIPs")
        internalTrafficPolicy = try spec.string("internalTrafficPolicy")
        externalTrafficPolicy = try spec.string("externalTrafficPolicy")
        sessionAffinity = try spec.string("sessionAffinity")
        clientAffinityTimeout = try spec.object("sessionAffinityConfig") { affinity throws(ObjectDecodingError) in
            try affinity.object("clientIP") { client throws(ObjectDecodingError) in
                try client.integer("timeoutSeconds")
            }
        }
        healthCheckNodePort = try spec.integer("healthCheckNodePort")
        loadBalancerSourceRanges = try spec.strings("loadBalancerSourceRanges")
    }
}
