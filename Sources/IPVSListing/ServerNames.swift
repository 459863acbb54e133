// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// What the cluster calls a virtual server and its real servers.
public struct ServerNames: Hashable, Sendable {
    /// A port of a Service.
    public struct Service: Hashable, Sendable {
        public var namespace: String
        public var name: String
        /// Empty for the only port of a Service.
        public var port: String

        public init(namespace: String, name: String, port: String) {
            self.namespace = namespace
            self.name = name
            self.port = port
        }

        /// `namespace/name:port`, or `namespace/name` for an unnamed port.
        public var text: String { port.isEmpty ? "\(namespace)/\(name)" : "\(namespace)/\(name):\(port)" }
    }

    /// What stands behind a real server.
    public struct Endpoint: Hashable, Sendable {
        /// In the namespace of the Service.
        public var pod: String?
        public var node: String?
        public var zone: String?
        /// For how many seconds it has been kept for its connections alone; `nil` where it is in use.
        public var drainAge: Int64?

        public init(pod: String? = nil, node: String? = nil, zone: String? = nil, drainAge: Int64? = nil) {
            self.pod = pod
            self.node = node
            self.zone = zone
            self.drainAge = drainAge
        }
    }

    /// `nil` where no Service wants the virtual server, or nothing is known of it.
    public var service: Service?
    public var endpoints: [RealServer.ID: Endpoint] = [:]

    public init(service: Service? = nil, endpoints: [RealServer.ID: Endpoint] = [:]) {
        self.service = service
        self.endpoints = endpoints
    }
}
