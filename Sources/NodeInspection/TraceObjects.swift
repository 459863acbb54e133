// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import KubeProxyConfig
import KubernetesHTTP
public import KubernetesObjects
import KubernetesWatch
public import Logging
public import NodeStartup
public import PacketTrace
import ServicePlan

/// The few objects that the trace of one packet asks for.
///
/// Of an API server, what is asked for is narrow, and nothing is kept. A directory of manifests is read whole.
public actor TraceObjects {
    private let source: Result<ObjectSource, StartError>
    private let settings: EffectiveSettings
    private let version: String
    private let logger: Logger
    private var snapshot: Result<ObjectSnapshot, StartError>?

    /// - Parameters:
    ///   - source: where objects come from, or why that is not known.
    ///   - version: of this program.
    public init(
        _ source: Result<ObjectSource, StartError>,
        settings: EffectiveSettings,
        version: String,
        logger: Logger
    ) {
        self.source = source
        self.settings = settings
        self.version = version
        self.logger = logger
    }

    private var client: ClusterClient? {
        guard case .success(.cluster(let connection)) = source else { return nil }
        return ClusterClient(
            connection, settings: .init(settings.client), version: version, logger: logger)
    }

    private func manifests() async throws(StartError) -> ObjectSnapshot {
        if let snapshot { return try snapshot.get() }
        do throws(StartError) {
            let read = try await ObjectSnapshot(
                of: source.get(), settings: settings, version: version, logger: logger)
            snapshot = .success(read)
            return read
        } catch {
            snapshot = .failure(error)
            throw error
        }
    }

    // MARK: The own Node

    /// The networks of the node's pods, where rules depend on them; none where they cannot be read.
    public func podNetworks() async -> [IPPrefix] {
        guard settings.detectLocalMode == .nodeCIDR else { return [] }
        if let client {
            let nodes = try? await client.node(named: settings.nodeName).list(.cached).objects
            return nodes?.compactMap(\.object).first?.podCIDRs ?? []
        }
        return (try? await manifests().node?.podCIDRs) ?? []
    }

    // MARK: Pods

    /// The address of a Pod in a family.
    ///
    /// - Throws: a `StartError` with what to do instead.
    public func address(ofPod pod: ObjectName, _ family: IPFamily) async throws(StartError) -> IPAddress {
        guard let client else {
            throw StartError("only an API server knows the address of pod \(pod): give the address itself")
        }
        do throws(APIError) {
            let addresses = try await client.addresses(ofPod: pod)
            if let address = addresses.first(where: { $0.family == family }) { return address }
        } catch {
            throw StartError("cannot read pod \(pod): \(error); give its address itself")
        }
        throw StartError("pod \(pod) has no \(family) address")
    }

    // MARK: Names

    /// What the Service that has a virtual IP and its endpoints are called.
    ///
    /// - Parameter server: what the kernel has of it.
    public func names(of target: VirtualServer.ID, _ server: ObservedVirtualServer?) async -> TraceNames {
        do {
            if let client { return try await names(of: target, through: client) }
            return names(of: target, among: try await manifests())
        } catch {
            return .absent("the objects could not be read: \(error)")
        }
    }

    private func names(of target: VirtualServer.ID, through client: ClusterClient) async throws -> TraceNames {
        let services = try await client.services(wanting: target.address) { TraceClaim($0, target) != nil }
        var names = Self.names(of: target, services)
        guard let service = Self.strongest(services, target) else { return names }
        let addresses = try await client.endpointNames(of: service.service.name)
        names.endpoints = addresses
        return names
    }

    private func names(of target: VirtualServer.ID, among objects: ObjectSnapshot) -> TraceNames {
        var services: [Service] = []
        for case .service(let service) in objects.updates where TraceClaim(service, target) != nil {
            services.append(service)
        }
        var names = Self.names(of: target, services)
        guard let claim = Self.strongest(services, target) else { return names }
        var addresses: [IPAddress: String] = [:]
        for case .slice(let slice) in objects.updates where slice.service == claim.service.name {
            let elements = slice.names.elements
            for (index, endpoint) in slice.endpoints.enumerated() {
                let pod = elements.indices.contains(index) ? elements[index].pod : nil
                let name = pod.map { "pod \(slice.name.namespace)/\($0)" } ?? "of slice \(slice.name)"
                addresses[endpoint.address] = name + (endpoint.nodeName.map { " on \($0)" } ?? "")
            }
        }
        names.endpoints = addresses
        return names
    }

    private static func strongest(_ services: [Service], _ target: VirtualServer.ID) -> TraceClaim? {
        services.compactMap { TraceClaim($0, target) }.min()
    }

    private static func names(of target: VirtualServer.ID, _ services: [Service]) -> TraceNames {
        let claims = services.compactMap { TraceClaim($0, target) }.sorted()
        var names = TraceNames()
        guard let first = claims.first else {
            names.absence = "no Service wants \(target)"
            return names
        }
        names.service = "\(first.service.name)"
        names.port = first.port
        names.kind = first.kind.words
        names.otherServices = claims.dropFirst().map { "\($0.service.name) (\($0.kind.words))" }
        return names
    }
}

/// A Service's wish for an address and port.
private struct TraceClaim: Comparable {
    var service: Service
    var kind: VirtualServer.Claim
    /// Its name.
    var port: String

    /// `nil` when the Service does not want it. Any address may be one for node ports: which the node has is the kernel's to say.
    init?(_ service: Service, _ target: VirtualServer.ID) {
        let ports = service.ports.filter { $0.transport == target.transport }
        let kind: VirtualServer.Claim? =
            if service.clusterIPs.contains(target.address) {
                .clusterIP
            } else if service.loadBalancerVIPs.contains(target.address) {
                .loadBalancer
            } else if service.externalIPs.contains(target.address) {
                .externalIP
            } else {
                nil
            }
        if let kind, let port = ports.first(where: { $0.port == target.port }) {
            self.init(service: service, kind: kind, port: port.name)
        } else if let port = ports.first(where: { $0.nodePort == target.port }) {
            self.init(service: service, kind: .nodePort, port: port.name)
        } else {
            return nil
        }
    }

    private init(service: Service, kind: VirtualServer.Claim, port: String) {
        self.service = service
        self.kind = kind
        self.port = port
    }

    /// The one that has it comes first.
    static func < (lhs: TraceClaim, rhs: TraceClaim) -> Bool {
        (lhs.kind, lhs.service.creationTime ?? .max, lhs.service.name)
            < (rhs.kind, rhs.service.creationTime ?? .max, rhs.service.name)
    }
}
