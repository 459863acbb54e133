// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import IPVSListing
import KubernetesObjects
public import ServicePlan

extension ServiceTable {
    /// What the objects call the endpoints of a Service port, used or not.
    ///
    /// It costs what the slices of the Service cost.
    public func endpointNames(
        of id: ServicePortID,
        in family: IPFamily
    ) -> [RealServer.ID: ServerNames.Endpoint] {
        var names: [RealServer.ID: ServerNames.Endpoint] = [:]
        for slice in slices(of: id.service) where slice.family == family {
            let called = slice.names.elements
            for port in slice.ports where port.name == id.port && port.transport == id.transport {
                for (index, endpoint) in slice.endpoints.enumerated() {
                    let real = RealServer.ID(address: endpoint.address, port: port.port)
                    // Of two with one address, the one that does not terminate counts, as in `PortEndpoint`.
                    guard names[real] == nil || !endpoint.isTerminating else { continue }
                    names[real] = ServerNames.Endpoint(
                        pod: called.isEmpty ? nil : called[index].pod,
                        node: endpoint.nodeName,
                        zone: called.isEmpty ? nil : called[index].zone
                    )
                }
            }
        }
        return names
    }

    /// - Parameters:
    ///   - owner: the Service port that has the virtual server; `nil` where none has.
    ///   - drains: its real servers that drain, and for how many seconds.
    public func names(
        of owner: ServicePortID?,
        in family: IPFamily,
        draining drains: [RealServer.ID: Int64] = [:]
    ) -> ServerNames {
        var names = ServerNames()
        if let owner {
            names.service = ServerNames.Service(
                namespace: owner.service.namespace, name: owner.service.name, port: owner.port)
            names.endpoints = endpointNames(of: owner, in: family)
        }
        for (id, age) in drains { names.endpoints[id, default: ServerNames.Endpoint()].drainAge = age }
        return names
    }
}
