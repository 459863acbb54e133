// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What Service routing needs of a v1 Service. Each value has been checked: what could not be used was left out and is
/// told of by a `Rejection`.
public struct Service: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case clusterIP
        case nodePort
        case loadBalancer
        case externalName
    }

    public enum TrafficPolicy: Hashable, Sendable {
        case cluster
        case local
    }

    public var name: ObjectName
    /// `metadata.creationTimestamp` in seconds since 1970; `nil` where a file does not say it. Of Services that want the same
    /// virtual server the older one has it.
    public var creationTime: Int64?
    public var kind: Kind
    /// At most one of each family; empty for a headless Service.
    public var clusterIPs: [IPAddress]
    public var ports: [ServicePort]
    public var externalIPs: [IPAddress]
    /// `status.loadBalancer.ingress[].ip` where `ipMode` is absent or `VIP`.
    public var loadBalancerVIPs: [IPAddress]
    /// Both families; a zero network of a family stands for "no ranges" there.
    public var loadBalancerSourceRanges: [IPPrefix]
    public var internalTrafficPolicy: TrafficPolicy
    public var externalTrafficPolicy: TrafficPolicy
    /// How long a client stays with its endpoint, in seconds; `nil` without `sessionAffinity: ClientIP`.
    public var clientAffinityTimeout: UInt32?
    /// 0 when there is none.
    public var healthCheckNodePort: UInt16
    /// From annotations.
    public var settings = ServiceSettings()

    public init(
        name: ObjectName,
        kind: Kind = .clusterIP,
        clusterIPs: [IPAddress] = [],
        ports: [ServicePort] = [],
        externalIPs: [IPAddress] = [],
        loadBalancerVIPs: [IPAddress] = [],
        loadBalancerSourceRanges: [IPPrefix] = [],
        internalTrafficPolicy: TrafficPolicy = .cluster,
        externalTrafficPolicy: TrafficPolicy = .cluster,
        clientAffinityTimeout: UInt32? = nil,
        healthCheckNodePort: UInt16 = 0
    ) {
        self.name = name
        self.kind = kind
        self.clusterIPs = clusterIPs
        self.ports = ports
        self.externalIPs = externalIPs
        self.loadBalancerVIPs = loadBalancerVIPs
        self.loadBalancerSourceRanges = loadBalancerSourceRanges
        self.internalTrafficPolicy = internalTrafficPolicy
        self.externalTrafficPolicy = externalTrafficPolicy
        self.clientAffinityTimeout = clientAffinityTimeout
        self.healthCheckNodePort = healthCheckNodePort
    }
}

/// One of a Service's `spec.ports`.
public struct ServicePort: Hashable, Sendable {
    /// Empty for the only port of a Service.
    public var name: String
    public var transport: TransportProtocol
    public var port: UInt16
    /// 0 when there is none.
    public var nodePort: UInt16

    public init(name: String = "", transport: TransportProtocol = .tcp, port: UInt16, nodePort: UInt16 = 0) {
        self.name = name
        self.transport = transport
        self.port = port
        self.nodePort = nodePort
    }
}
