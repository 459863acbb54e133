// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import KubernetesObjects

/// An endpoint of one Service port as this node sees it: its hints are reduced to whether they name this node.
public struct PortEndpoint: Hashable, Sendable, BitwiseCopyable {
    /// What the topology hints of one kind say.
    public enum Hint: UInt8, Hashable, Sendable, BitwiseCopyable {
        case none
        /// This node (or its zone) is among those named.
        case here
        case elsewhere
    }

    public var id: RealServer.ID
    public var isReady: Bool
    public var isServing: Bool
    public var isTerminating: Bool
    /// Whether it runs on this node.
    public var isLocal: Bool
    public var nodeHint: Hint
    public var zoneHint: Hint
    /// As a real server.
    public var weight: UInt32

    public init(_ endpoint: Endpoint, port: UInt16, on facts: NodeFacts, weight: UInt32 = 1) {
        id = RealServer.ID(address: endpoint.address, port: port)
        isReady = endpoint.isReady
        isServing = endpoint.isServing
        isTerminating = endpoint.isTerminating
        isLocal = !facts.name.isEmpty && endpoint.nodeName == facts.name
        nodeHint = Self.hint(endpoint.nodeHints, naming: facts.name)
        zoneHint = Self.hint(endpoint.zoneHints, naming: facts.zone)
        self.weight = weight
    }

    private static func hint(_ names: [String], naming own: String?) -> Hint {
        guard !names.isEmpty else { return .none }
        guard let own else { return .elsewhere }
        return names.contains(own) ? .here : .elsewhere
    }

    /// May take connections when no endpoint is ready (KEP-1669).
    public var isServingWhileTerminating: Bool { isServing && isTerminating }
}

extension PortEndpoint {
    /// The endpoints of a Service port in ascending order of their identity, each identity once.
    ///
    /// An endpoint that moves between slices is in both for a moment. A Pod network may reuse the address of a Pod that
    /// still terminates. Of two such endpoints the one that does not terminate counts, whatever the order of the
    /// slices.
    public static func merged(
        _ slices: [EndpointSlice],
        of port: ServicePort,
        in family: IPFamily,
        on facts: NodeFacts
    ) -> [PortEndpoint] {
        merged(slices, of: port, in: family, on: facts, weighing: nil)
    }

    static func merged(
        _ slices: [EndpointSlice],
        of port: ServicePort,
        in family: IPFamily,
        on facts: NodeFacts,
        weighing: EndpointWeighing?
    ) -> [PortEndpoint] {
        // In place: an endpoint that is copied has three references to count, and a slice five.
        let slices = slices.span
        var endpoints: [PortEndpoint] = []
        // Once for all slices: to reserve slice by slice would copy what is there each time.
        var count = 0
        for index in slices.indices where slices[index].family == family { count += slices[index].endpoints.count }
        endpoints.reserveCapacity(count)
        for index in slices.indices where slices[index].family == family {
            for slicePort in slices[index].ports where slicePort.feeds(port) {
                let sliceEndpoints = slices[index].endpoints
                let candidates = sliceEndpoints.span
                let weights = weighing.map { $0.weights(of: slices[index], on: facts) }
                for index in candidates.indices where candidates[index].address.family == family {
                    let weight = weights?[index] ?? 1
                    endpoints.append(PortEndpoint(candidates[index], port: slicePort.port, on: facts, weight: weight))
                }
            }
        }
        return endpoints.eachOnce()
    }

    /// The same for a port of which it is known what feeds it.
    static func merged(
        _ slices: [EndpointSlice],
        feeding feeders: [PortLookup.Feeder],
        in family: IPFamily,
        on facts: NodeFacts,
        weighing: EndpointWeighing?
    ) -> [PortEndpoint] {
        let slices = slices.span
        var endpoints: [PortEndpoint] = []
        for feeder in feeders where slices[feeder.slice].family == family {
            let sliceEndpoints = slices[feeder.slice].endpoints
            let candidates = sliceEndpoints.span
            let weights = weighing.map { $0.weights(of: slices[feeder.slice], on: facts) }
            for index in candidates.indices where candidates[index].address.family == family {
                let weight = weights?[index] ?? 1
                endpoints.append(PortEndpoint(candidates[index], port: feeder.port, on: facts, weight: weight))
            }
        }
        return endpoints.eachOnce()
    }

    /// The order in which the first of each identity is the one that counts.
    func isPreferred(to other: PortEndpoint) -> Bool {
        guard id == other.id else { return id < other.id }
        return rank == other.rank ? weight > other.weight : rank < other.rank
    }

    /// Only the first bit is a rule. The others make the choice among equals the same in each run.
    private var rank: UInt8 {
        (isTerminating ? 128 : 0) | (isReady ? 0 : 64) | (isServing ? 0 : 32) | (isLocal ? 0 : 16)
            | nodeHint.rawValue << 2 | zoneHint.rawValue
    }
}

extension [PortEndpoint] {
    /// Ascending by identity, each identity once.
    fileprivate consuming func eachOnce() -> [PortEndpoint] {
        var endpoints = self
        endpoints.sort { $0.isPreferred(to: $1) }

        var kept = 0
        for index in endpoints.indices where kept == 0 || endpoints[index].id != endpoints[kept - 1].id {
            endpoints[kept] = endpoints[index]
            kept += 1
        }
        endpoints.removeLast(endpoints.count - kept)
        return endpoints
    }
}

extension EndpointPort {
    /// Whether the endpoints of a slice with this port serve a Service port.
    func feeds(_ servicePort: ServicePort) -> Bool {
        port != 0 && hasIdentity(of: servicePort)
    }

    func hasIdentity(of servicePort: ServicePort) -> Bool {
        name == servicePort.name && transport == servicePort.transport
    }
}
