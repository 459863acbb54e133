// SPDX-License-Identifier: GPL-2.0-or-later
/// One of the objects that routing needs.
public enum KubernetesObject: Hashable, Sendable {
    case service(Service)
    case endpointSlice(EndpointSlice)
    case node(Node)

    public var id: ID {
        switch self {
        case .service(let service): ID(kind: .service, name: service.name)
        case .endpointSlice(let slice): ID(kind: .endpointSlice, name: slice.name)
        case .node(let node): ID(kind: .node, name: ObjectName(namespace: "", name: node.name))
        }
    }
}

extension KubernetesObject {
    /// The raw value is what `kind` says in a document.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case service = "Service"
        case endpointSlice = "EndpointSlice"
        case node = "Node"

        var apiVersion: String {
            switch self {
            case .service, .node: "v1"
            case .endpointSlice: "discovery.k8s.io/v1"
            }
        }
    }

    /// What no two objects share.
    public struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
        public var kind: Kind
        /// The namespace is empty for a Node.
        public var name: ObjectName

        public init(kind: Kind, name: ObjectName) {
            self.kind = kind
            self.name = name
        }

        /// Such as `Service default/web`.
        public var description: String { "\(kind.rawValue) \(name)" }

        public static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.kind.rawValue, lhs.name) < (rhs.kind.rawValue, rhs.name)
        }
    }
}
