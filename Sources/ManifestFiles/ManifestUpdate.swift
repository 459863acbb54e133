// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// What changed in the objects of a directory since the update before. Only objects that really differ are in it.
public struct ManifestUpdate: Hashable, Sendable {
    /// New and changed, sorted by name.
    public var services: [Service] = []
    public var removedServices: [ObjectName] = []
    public var endpointSlices: [EndpointSlice] = []
    public var removedEndpointSlices: [ObjectName] = []
    public var nodes: [Node] = []
    public var removedNodes: [String] = []
    /// What was not told before.
    public var reports: [ManifestReport] = []
    /// How many objects there are of each kind that routing does not need, such as `apps/v1 Deployment`: all of them, not
    /// only new ones.
    public var otherKinds: [String: Int] = [:]

    /// Whether no object changed. There may still be reports.
    public var changesNothing: Bool {
        services.isEmpty && removedServices.isEmpty && endpointSlices.isEmpty && removedEndpointSlices.isEmpty
            && nodes.isEmpty && removedNodes.isEmpty
    }
}

extension ManifestUpdate {
    mutating func add(_ object: KubernetesObject) {
        switch object {
        case .service(let service): services.append(service)
        case .endpointSlice(let slice): endpointSlices.append(slice)
        case .node(let node): nodes.append(node)
        }
    }

    mutating func remove(_ id: KubernetesObject.ID) {
        switch id.kind {
        case .service: removedServices.append(id.name)
        case .endpointSlice: removedEndpointSlices.append(id.name)
        case .node: removedNodes.append(id.name.name)
        }
    }
}
