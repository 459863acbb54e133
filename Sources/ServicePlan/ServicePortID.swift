// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import KubernetesObjects

/// What one port of a Service is known by, and what its EndpointSlices are joined on.
///
/// Name and protocol both count: a UDP port of a slice does not feed a TCP port of the Service with the same name.
public struct ServicePortID: Hashable, Sendable {
    public var service: ObjectName
    /// Empty for the only port of a Service.
    public var port: String
    public var transport: TransportProtocol

    public init(service: ObjectName, port: String, transport: TransportProtocol) {
        self.service = service
        self.port = port
        self.transport = transport
    }

    public init(_ port: ServicePort, of service: ObjectName) {
        self.init(service: service, port: port.name, transport: port.transport)
    }
}

extension ServicePortID: Comparable, CustomStringConvertible {
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.service, lhs.port, lhs.transport) < (rhs.service, rhs.port, rhs.transport)
    }

    /// `namespace/name:port`, or `namespace/name` for an unnamed port, as kube-proxy's logs have it. The protocol is left
    /// out there too.
    public var description: String {
        port.isEmpty ? "\(service)" : "\(service):\(port)"
    }
}

extension ServicePort {
    func hasIdentity(of other: ServicePort) -> Bool {
        name == other.name && transport == other.transport
    }
}

extension Service {
    /// The port with that name and protocol. The API server sees to it that there is one at most. Of several in a file
    /// the last one counts, as it does for kube-proxy.
    func port(_ id: ServicePortID) -> ServicePort? {
        ports.last { $0.name == id.port && $0.transport == id.transport }
    }
}
