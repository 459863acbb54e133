// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// The fields of a v1 Node that routing looks at, as the API has them and with nothing checked.
public struct NodeFields: Hashable, Sendable {
    /// An element of `status.addresses`.
    public struct Address: Hashable, Sendable {
        public var type: String?
        public var address: String?

        public init(type: String? = nil, address: String? = nil) {
            self.type = type
            self.address = address
        }
    }

    public var name: String
    /// The label `topology.kubernetes.io/zone`.
    public var zone: String?
    public var addresses: [Address] = []
    public var podCIDR: String?
    public var podCIDRs: [String] = []
    /// The `key` of each of `spec.taints`.
    public var taintKeys: [String] = []
    /// Whether `metadata.deletionTimestamp` is there.
    public var hasDeletionTimestamp = false

    public init(name: String) {
        self.name = name
    }
}

extension NodeFields {
    /// The fields that a document of kind Node has.
    public init(_ document: DocumentNode) throws(ObjectDecodingError) {
        let metadata = try document.metadata(isNamespaced: false)
        self.init(name: metadata.name.name)
        zone = try metadata.label("topology.kubernetes.io/zone")
        hasDeletionTimestamp = metadata.hasDeletionTimestamp
        _ = try document.object("spec") { spec throws(ObjectDecodingError) in
            podCIDR = try spec.string("podCIDR")
            podCIDRs = try spec.strings("podCIDRs")
            taintKeys = try spec.objects("taints") { taint throws(ObjectDecodingError) in
                try taint.string("key") ?? ""
            }
        }
        _ = try document.object("status") { status throws(ObjectDecodingError) in
            addresses = try status.objects("addresses") { address throws(ObjectDecodingError) in
                Address(type: try address.string("type"), address: try address.string("address"))
            }
        }
    }

    /// The Node with every field checked. An annotation that cannot be used is left out alone, and a rejection reports it.
    ///
    /// - Parameter interner: Holds the name and the zone, which endpoints repeat.
    public func checked(interner: inout StringInterner) -> CheckedObject<Node> {
        var list = RejectionList(kind: "Node", object: ObjectName(namespace: "", name: name))
        var node = Node(name: interner.intern(name))
        for (index, fields) in addresses.enumerated() where ["InternalIP", "ExternalIP"].contains(fields.type) {
            let field = "status.addresses[\(index)].address"
            if let address = list.address(fields.address ?? "", field) { node.addresses.append(address) }
        }
        let networks = podCIDRs.isEmpty ? [podCIDR].compactMap(\.self).filter { !$0.isEmpty } : podCIDRs
        for (index, text) in networks.enumerated() {
            guard let network = IPPrefix(text) else {
                list.reject(
                    podCIDRs.isEmpty ? "spec.podCIDR" : "spec.podCIDRs[\(index)]",
                    .invalidNetwork,
                    "\(text.quotedForMessage) is not a network in the form address/length"
                )
                continue
            }
            node.podCIDRs.append(network)
        }
        node.zone = zone.map { interner.intern($0) }
        node.isBeingDeleted = hasDeletionTimestamp || taintKeys.contains("ToBeDeletedByClusterAutoscaler")
        return CheckedObject(object: node, rejections: list.rejections)
    }
}
