// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import KubernetesObjects

/// Why this node does with a Service what it does: each virtual IP, the list it uses, and the verdict on each endpoint.
///
/// It is made by the functions that make the plan, so that the two cannot disagree.
public struct ServiceExplanation: Hashable, Sendable {
    /// Why a family has no part in a Service.
    public enum Absence: String, Hashable, Sendable {
        case familyNotServed = "this node does not serve the family"
        case externalName = "a Service of type ExternalName has no endpoints"
        case noClusterIP = "the Service has no cluster IP of the family"
    }

    public var service: Service
    /// By family, and in the order of `spec.ports` within.
    public var ports: [PortExplanation]
    /// The families that are not among `ports`.
    public var absences: [IPFamily: Absence]
}

/// The part of an explanation that is about one port in one family.
public struct PortExplanation: Hashable, Sendable {
    public var id: ServicePortID
    public var family: IPFamily
    public var virtualIPs: [VirtualIPExplanation]
    public var topology: EndpointSelection.Topology
    public var endpoints: [EndpointExplanation]
    /// Slices of the Service and family without a port of that name and protocol: a frequent reason for no endpoints.
    public var slicesWithoutPort: [ObjectName]
    public var omissions: [PlanOmission]
    public var concerns: [AddressConcern]
    /// How its virtual servers are set up, and what of that is refused.
    public var settings: ServerSettings
}

public struct VirtualIPExplanation: Hashable, Sendable {
    public var virtualIP: VirtualIP
    public var source: EndpointSelection.Source
    /// The real servers behind it, in ascending order.
    public var realServers: [RealServer.ID]
    /// The client networks that may reach it; empty for all. Only load balancer VIPs have ranges.
    public var sourceRanges: [IPPrefix]
    /// Whether this node is shut out by the source ranges.
    public var isClosedToNode: Bool
}

public struct EndpointExplanation: Hashable, Sendable {
    public var slice: ObjectName
    /// As the slice has it, with the hints and the name of its node.
    public var endpoint: Endpoint
    public var port: UInt16
    public var isLocal: Bool
    /// As a real server.
    public var weight: UInt32
    public var clusterVerdict: EndpointVerdict
    public var localVerdict: EndpointVerdict
}

extension ServiceTable {
    /// `nil` when there is no such Service.
    public func explanation(of name: ObjectName) -> ServiceExplanation? {
        guard let service = service(name) else { return nil }
        var explanation = ServiceExplanation(service: service, ports: [], absences: [:])
        for family in IPFamily.allCases {
            if let absence = absence(of: family, from: service) {
                explanation.absences[family] = absence
            } else {
                explanation.ports += service.ports.map { self.explanation(of: $0, of: service, in: family) }
            }
        }
        return explanation
    }

    private func absence(of family: IPFamily, from service: Service) -> ServiceExplanation.Absence? {
        if !families.contains(family) { return .familyNotServed }
        if service.kind == .externalName { return .externalName }
        return service.programmedClusterIP(of: family) == nil ? .noClusterIP : nil
    }

    private func explanation(of port: ServicePort, of service: Service, in family: IPFamily) -> PortExplanation {
        let allSlices = slices(of: service.name)
        let settings = ServerSettings(service, allSlices, basis) { place in
            allSlices[place].family == family && allSlices[place].ports.contains { $0.feeds(port) }
        }
        let slices = allSlices.filter { $0.family == family }.sorted { $0.name < $1.name }
        let merged = PortEndpoint.merged(
            slices, of: port, in: family, on: basis.facts, weighing: settings.weighing)
        let selection = EndpointSelection(merged, for: service, port, family)
        let plan = ServicePortPlan(
            port, of: service, endpoints: merged, in: family, basis: basis, settings: settings)
        return PortExplanation(
            id: ServicePortID(port, of: service.name),
            family: family,
            virtualIPs: service.virtualIPs(of: port, in: family, basis, plan.observations.concerns).map { virtualIP in
                VirtualIPExplanation(
                    virtualIP: virtualIP,
                    source: selection.source(under: virtualIP.policy),
                    realServers: selection.realServers(under: virtualIP.policy).map(\.id),
                    sourceRanges: virtualIP.kind == .loadBalancer ? service.sourceRanges(of: family) : [],
                    isClosedToNode: plan.contribution.serversClosedToNode.contains(virtualIP.id)
                )
            },
            topology: selection.topology,
            endpoints: explanations(of: slices, port, settings, merged, selection),
            slicesWithoutPort: slices.filter { !$0.ports.contains { $0.feeds(port) } }.map(\.name),
            omissions: plan.observations.omissions,
            concerns: plan.observations.concerns,
            settings: settings
        )
    }

    /// Every endpoint of every slice, also those that another one with the same address and port stands in for; ascending.
    private func explanations(
        of slices: [EndpointSlice],
        _ port: ServicePort,
        _ settings: ServerSettings,
        _ merged: [PortEndpoint],
        _ selection: EndpointSelection
    ) -> [EndpointExplanation] {
        var unclaimed = Dictionary(uniqueKeysWithValues: merged.map { ($0.id, $0) })
        var explanations: [(view: PortEndpoint, explanation: EndpointExplanation)] = []
        for slice in slices {
            for number in slice.ports.filter({ $0.feeds(port) }).map(\.port) {
                let weights = settings.weighing.map { $0.weights(of: slice, on: basis.facts) }
                for (index, endpoint) in slice.endpoints.enumerated()
                where endpoint.address.family == slice.family {
                    let weight = weights?[index] ?? 1
                    let view = PortEndpoint(endpoint, port: number, on: basis.facts, weight: weight)
                    // The first that equals the merged one is it; of equal ones it does not matter which.
                    let counts = unclaimed[view.id] == view
                    if counts { unclaimed[view.id] = nil }
                    let explanation = EndpointExplanation(
                        slice: slice.name,
                        endpoint: endpoint,
                        port: number,
                        isLocal: view.isLocal,
                        weight: weight,
                        clusterVerdict: counts ? selection.clusterVerdict(on: view) : .duplicate,
                        localVerdict: counts ? selection.localVerdict(on: view) : .duplicate
                    )
                    explanations.append((view, explanation))
                }
            }
        }
        return explanations.sorted { $0.view.isPreferred(to: $1.view) }.map(\.explanation)
    }
}
