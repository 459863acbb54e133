// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
public import IPVSListing
import NodeStatus
import ServicePlan

/// What the objects call virtual servers, without a daemon.
public struct ObjectNames {
    let table: ServiceTable
    /// Who has which virtual server is decided among all Services.
    let desired: [IPFamily: DesiredState<ServicePortID>]

    public func names(of id: VirtualServer.ID) -> ServerNames {
        table.names(of: desired[id.family]?.owner(of: id), in: id.family)
    }
}

extension NodeInspection {
    /// Nothing is known here of what drains.
    public var objectNames: ObjectNames { ObjectNames(table: table, desired: desired) }
}
