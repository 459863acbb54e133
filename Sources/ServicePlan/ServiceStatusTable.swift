// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import KubernetesObjects

/// What the plans of all Service ports found out, updated with each plan. The gauges that count Services use it, and
/// the health-check node ports. A Service port with nothing to remember takes no space.
public struct ServiceStatusTable: Sendable {
    /// Which traffic policy a Service lacks local endpoints for.
    public enum TrafficPolicyKind: String, CaseIterable, Hashable, Sendable {
        case `internal`
        case external
    }

    private struct Key: Hashable {
        var id: ServicePortID
        var family: IPFamily
    }

    private struct Lack: Hashable {
        var policy: TrafficPolicyKind
        var family: IPFamily
    }

    private var observations: [Key: PlanObservations] = [:]
    /// How many ports of each Service lack local endpoints. Ports are counted, because a port that has endpoints again
    /// must not hide another one that lacks them.
    private var lackingPorts: [Lack: [ObjectName: Int]] = [:]
    /// How many Service ports have each omission.
    private var omissionCounts: [IPFamily: [PlanOmission: Int]] = [:]
    /// For each Service with a health-check node port, the ports that reported it.
    private var checkedPorts: [IPFamily: [ObjectName: Set<ServicePortID>]] = [:]

    public init() {}

    /// Replaces what was known of a Service port. Those of a `ServicePortPlan()` forget it.
    ///
    /// - Returns: whether the Service's health-check node port is another one, or its answer.
    @discardableResult
    public mutating func record(_ new: PlanObservations, of id: ServicePortID, in family: IPFamily) -> Bool {
        let key = Key(id: id, family: family)
        let old = observations[key] ?? PlanObservations()
        guard old != new else { return false }
        observations[key] = new.isEmpty ? nil : new

        for policy in TrafficPolicyKind.allCases where old.lacks(policy) != new.lacks(policy) {
            count(Lack(policy: policy, family: family), of: id.service, by: new.lacks(policy) ? 1 : -1)
        }
        for omission in Set(old.omissions).symmetricDifference(new.omissions) {
            omissionCounts[family, default: [:]][omission, default: 0] += new.omissions.contains(omission) ? 1 : -1
        }
        if (old.healthCheck == nil) != (new.healthCheck == nil) {
            file(id, family, hasHealthCheck: new.healthCheck != nil)
        }
        return old.healthCheck != new.healthCheck
    }

    private mutating func count(_ lack: Lack, of service: ObjectName, by step: Int) {
        let ports = lackingPorts[lack, default: [:]][service, default: 0] + step
        lackingPorts[lack, default: [:]][service] = ports == 0 ? nil : ports
    }

    private mutating func file(_ id: ServicePortID, _ family: IPFamily, hasHealthCheck: Bool) {
        var ports = checkedPorts[family, default: [:]][id.service, default: []]
        if hasHealthCheck { ports.insert(id) } else { ports.remove(id) }
        checkedPorts[family, default: [:]][id.service] = ports.isEmpty ? nil : ports
    }

    /// How many Services (not ports) have policy Local, no local endpoint that takes connections, and one elsewhere.
    public func servicesWithoutLocalEndpoints(_ policy: TrafficPolicyKind, _ family: IPFamily) -> Int {
        lackingPorts[Lack(policy: policy, family: family)]?.count ?? 0
    }

    /// The health-check node ports of a family, by Service. The endpoints of all ports of a Service count together, each
    /// address once.
    public func healthChecks(_ family: IPFamily) -> [ObjectName: HealthCheck] {
        (checkedPorts[family] ?? [:]).compactMapValues { ports in
            let checks = ports.compactMap { observations[Key(id: $0, family: family)]?.healthCheck }
            // All ports of a Service tell of the same health-check node port.
            guard let port = checks.first?.port else { return nil }
            let addresses = checks.flatMap(\.localReadyAddresses).sorted().withoutRepetition()
            return HealthCheck(port: port, localReadyAddresses: addresses)
        }
    }

    /// How many Service ports of a family do not get something that their Service asks for.
    public func servicePorts(with omission: PlanOmission, _ family: IPFamily) -> Int {
        omissionCounts[family]?[omission] ?? 0
    }

    /// What Services ask for and do not get in a family; Service ports ascending.
    public func omissions(_ family: IPFamily) -> [(id: ServicePortID, omissions: [PlanOmission])] {
        observations.filter { $0.key.family == family && !$0.value.omissions.isEmpty }
            .map { (id: $0.key.id, omissions: $0.value.omissions) }
            .sorted { $0.id < $1.id }
    }
}

extension PlanObservations {
    fileprivate func lacks(_ policy: ServiceStatusTable.TrafficPolicyKind) -> Bool {
        switch policy {
        case .internal: lacksLocalEndpointsForInternalTraffic
        case .external: lacksLocalEndpointsForExternalTraffic
        }
    }
}
