// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesWatch
import Logging
import ManifestFiles
import NodeStartup
import ServicePlan

/// The objects of a source as they are at one moment.
struct ObjectSnapshot {
    var updates: [ObjectUpdate] = []
    /// The own Node; `nil` when there is none of that name.
    var node: Node?
    /// What was left out of objects.
    var rejections: [Rejection] = []
    /// What the source tells of the addresses that the node speaks to.
    var surroundings = NodeSurroundings()

    /// The external and load balancer IPs of all Services.
    var externalAddresses: Set<IPAddress> {
        var addresses: Set<IPAddress> = []
        for case .service(let service) in updates {
            addresses.formUnion(service.externalIPs + service.loadBalancerVIPs)
        }
        return addresses
    }

    init(updates: [ObjectUpdate] = []) {
        self.updates = updates
    }

    /// - Parameter service: the only one of interest; `nil` for all.
    /// - Throws: when the source cannot be read, with its words.
    init(
        of source: ObjectSource,
        settings: EffectiveSettings,
        about service: ObjectName? = nil,
        readsAllNodes: Bool = false,
        version: String,
        logger: Logger
    ) async throws(StartError) {
        switch try OpenedSource(source, settings: settings, version: version, logger: logger) {
        case .manifests(let updates):
            var iterator = updates.makeAsyncIterator()
            guard let all = await iterator.next() else { throw StartError("stopped before \(source) was read") }
            self.init(all, nodeName: settings.nodeName)
            if let service { keep(only: service) }
        case .cluster(let client, _, let connection):
            do throws(APIError) {
                if let service {
                    try await self.init(of: service, client, nodeName: settings.nodeName)
                } else {
                    try await self.init(of: client, nodeName: settings.nodeName)
                }
                if readsAllNodes {
                    let nodes = try await client.nodes.list(.cached).objects.compactMap(\.object)
                    takeOtherNodes(nodes, than: settings.nodeName)
                }
                noteAPIServer(connection)
            } catch {
                throw StartError("cannot list the objects of \(source): \(error)")
            }
        }
    }

    private init(_ all: ManifestUpdate, nodeName: String) {
        updates = all.services.map { .service($0) } + all.endpointSlices.map { .slice($0) }
        node = all.nodes.first { $0.name == nodeName }
        takeOtherNodes(all.nodes, than: nodeName)
        rejections = all.reports.compactMap(\.rejection)
    }

    mutating func noteAPIServer(_ connection: ClusterConnection) {
        let (host, port) = connection.peer
        for address in NameResolution.addresses(of: host) where !address.isLoopback {
            surroundings.apiServers[address] = [port]
        }
    }

    private mutating func takeOtherNodes(_ nodes: [Node], than own: String) {
        surroundings.otherNodes = Set(nodes.filter { $0.name != own }.flatMap(\.addresses))
    }

    private init(of client: ClusterClient, nodeName: String) async throws(APIError) {
        take(try await client.services.list(.cached).objects)
        take(try await client.endpointSlices.list(.cached).objects)
        take(try await client.node(named: nodeName).list(.cached).objects)
    }

    mutating func take(_ objects: [ObservedObject<Service>]) {
        rejections += objects.flatMap(\.rejections)
        updates += objects.compactMap { $0.object.map(ObjectUpdate.service) }
    }

    mutating func take(_ objects: [ObservedObject<EndpointSlice>]) {
        rejections += objects.flatMap(\.rejections)
        updates += objects.compactMap { $0.object.map(ObjectUpdate.slice) }
    }

    mutating func take(_ objects: [ObservedObject<Node>]) {
        rejections += objects.flatMap(\.rejections)
        node = objects.compactMap(\.object).last ?? node
    }
}
