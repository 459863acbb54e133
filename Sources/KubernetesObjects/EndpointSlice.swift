// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What Service routing needs of a discovery.k8s.io/v1 EndpointSlice.
public struct EndpointSlice: Hashable, Sendable {
    public var name: ObjectName
    /// From the label `kubernetes.io/service-name`.
    public var serviceName: String
    /// From `addressType`; every endpoint's address is of it.
    public var family: IPFamily
    public var ports: [EndpointPort]
    public var endpoints: [Endpoint]
    /// What people call the endpoints. Routing looks at zones alone, and only where there are weights.
    public var names = EndpointNames()
    /// From the annotation `kube-ipvs.io/weights`: it counts before that of the Service.
    public var weights: EndpointWeights?

    public init(
        name: ObjectName,
        serviceName: String,
        family: IPFamily = .v4,
        ports: [EndpointPort] = [],
        endpoints: [Endpoint] = [],
        weights: EndpointWeights? = nil
    ) {
        self.name = name
        self.serviceName = serviceName
        self.family = family
        self.ports = ports
        self.endpoints = endpoints
        self.weights = weights
    }

    /// The Service that the slice is of.
    public var service: ObjectName { ObjectName(namespace: name.namespace, name: serviceName) }
}

/// One of a slice's `ports`.
public struct EndpointPort: Hashable, Sendable {
    public var name: String
    public var transport: TransportProtocol
    public var port: UInt16

    public init(name: String = "", transport: TransportProtocol = .tcp, port: UInt16) {
        self.name = name
        self.transport = transport
        self.port = port
    }
}

/// One of a slice's `endpoints`: its first address, and its conditions with their defaults filled in.
public struct Endpoint: Hashable, Sendable {
    public var address: IPAddress
    public var isReady: Bool
    public var isServing: Bool
    public var isTerminating: Bool
    /// Shares its storage with the same name in other endpoints.
    public var nodeName: String?
    /// `hints.forZones[].name`; empty when there is no hint.
    public var zoneHints: [String]
    /// `hints.forNodes[].name`; empty when there is no hint.
    public var nodeHints: [String]

    public init(
        address: IPAddress,
        isReady: Bool = true,
        isServing: Bool = true,
        isTerminating: Bool = false,
        nodeName: String? = nil,
        zoneHints: [String] = [],
        nodeHints: [String] = []
    ) {
        self.address = address
        self.isReady = isReady
        self.isServing = isServing
        self.isTerminating = isTerminating
        self.nodeName = nodeName
        self.zoneHints = zoneHints
        self.nodeHints = nodeHints
    }
}
