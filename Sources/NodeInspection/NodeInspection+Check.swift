// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan

/// What `check` asks of the objects.
extension NodeInspection {
    /// The virtual servers that Services want.
    var wantedServers: Set<VirtualServer.ID> {
        Set(plans.flatMap { $0.plan.contribution.virtualServers.map(\.id) })
    }

    var clusterIPs: Set<IPAddress> {
        Set(services.flatMap(\.clusterIPs))
    }

    /// Virtual and real servers that Services want.
    var serverCount: Int {
        plans.reduce(0) { $0 + $1.plan.contribution.virtualServers.reduce(0) { $0 + 1 + $1.realServers.count } }
    }

    /// How many virtual IPs Services want to be the node's own.
    var virtualIPCount: Int {
        Set(plans.flatMap { $0.plan.contribution.addresses }).count
    }

    /// `nil` where the own Node is not known.
    var podNetworks: [IPPrefix]? { node?.podCIDRs }

    var nodePorts: Set<UInt16> {
        Set(services.flatMap { $0.ports.map(\.nodePort) }).subtracting([0])
    }

    /// External and load balancer IPs that others have, by Service.
    var concerns: [ObjectName: Set<AddressConcern>] {
        Dictionary(plans.map { ($0.id.service, Set($0.plan.observations.concerns)) }) { $0.union($1) }
            .filter { !$0.value.isEmpty }
    }

    private var services: [Service] {
        Set(table.servicePorts.map(\.service)).compactMap(table.service)
    }

    private var plans: [(id: ServicePortID, plan: ServicePortPlan)] {
        table.servicePorts.flatMap { id in table.families.map { (id, table.plan(of: id, in: $0)) } }
    }
}
