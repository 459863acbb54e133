// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What planning a Service port for one family found out beside its contribution.
public struct PlanObservations: Hashable, Sendable {
    /// `internalTrafficPolicy` is Local, no endpoint on this node takes connections, and one elsewhere does.
    public var lacksLocalEndpointsForInternalTraffic = false
    /// The same with `externalTrafficPolicy`.
    public var lacksLocalEndpointsForExternalTraffic = false
    /// The answer to a load balancer's health check of this node.
    public var healthCheck: HealthCheck?
    /// What the Service asks for and does not get.
    public var omissions: [PlanOmission] = []
    /// External and load balancer IPs that others have.
    public var concerns: [AddressConcern] = []
    /// Virtual IPs that are addresses of this node.
    public var ownAddresses: [OwnAddress] = []
    /// Settings of the Service that this node cannot carry out.
    public var settingRefusals: [SettingRefusal] = []

    public init() {}

    /// Whether there is nothing to remember.
    public var isEmpty: Bool { self == PlanObservations() }
}

/// A virtual IP of a Service that is an address of this node.
public struct OwnAddress: Hashable, Sendable {
    public var kind: VirtualIP.Kind
    public var address: IPAddress

    public init(kind: VirtualIP.Kind, address: IPAddress) {
        self.kind = kind
        self.address = address
    }
}

extension OwnAddress: CustomStringConvertible {
    public var description: String {
        let consequence =
            kind == .clusterIP
            ? "the range of cluster IPs and the node's own network overlap"
            : "the Service has its port there, and the node keeps the others"
        return "\(kind.rawValue) \(address) is an address of this node: \(consequence)"
    }
}

/// The health-check node port of a Service, and what its answer rests on.
public struct HealthCheck: Hashable, Sendable {
    /// `healthCheckNodePort`.
    public var port: UInt16
    /// The addresses of the ready endpoints on this node, ascending, each once. Terminating endpoints do not count, even
    /// where they take connections.
    public var localReadyAddresses: [IPAddress]

    public init(port: UInt16, localReadyAddresses: [IPAddress]) {
        self.port = port
        self.localReadyAddresses = localReadyAddresses
    }
}

/// Something that a Service asks for and that is left out, for a reason outside of the Service.
public enum PlanOmission: String, CaseIterable, Hashable, Sendable {
    /// `nodePortAddresses` fits no address of the node.
    case nodePort = "its node port: no address of the node fits nodePortAddresses"
    /// As `nodePort`; kube-proxy then skips the port's entry in KUBE-HEALTH-CHECK-NODE-PORT as well.
    case healthCheckNodePort = "the health-check node port's entry: no address of the node fits nodePortAddresses"
    /// The feature gate `AllowServiceExternalIPs` is off.
    case externalIPs = "its external IPs: the feature gate AllowServiceExternalIPs is off"
    /// An external or load balancer IP is an address of the API server or of the default gateway (`AddressConcern`).
    case vitalAddress = "an external or load balancer IP that the node cannot do without"
    /// An annotation asks for what this node cannot do (`SettingRefusal`).
    case setting = "what one of its annotations asks for"
}
