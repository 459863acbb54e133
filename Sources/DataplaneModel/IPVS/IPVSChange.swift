// SPDX-License-Identifier: GPL-2.0-or-later
/// One request that changes the kernel's IPVS table.
public enum IPVSChange: Hashable, Sendable, BitwiseCopyable {
    /// Adds the server alone; its real servers follow as their own changes. Refused if it is there.
    case addVirtualServer(VirtualServer.ID, VirtualServer.Configuration)
    /// Gives the server another configuration; its real servers and connections stay.
    case editVirtualServer(VirtualServer.ID, VirtualServer.Configuration)
    /// Removes the server and with it its real servers.
    case removeVirtualServer(VirtualServer.ID)
    case addRealServer(RealServer, to: VirtualServer.ID)
    case editRealServer(RealServer, of: VirtualServer.ID)
    case removeRealServer(RealServer.ID, from: VirtualServer.ID)

    /// The server that is changed, itself or in its real servers.
    public var virtualServer: VirtualServer.ID {
        switch self {
        case .addVirtualServer(let id, _), .editVirtualServer(let id, _), .removeVirtualServer(let id),
            .addRealServer(_, to: let id), .editRealServer(_, of: let id), .removeRealServer(_, from: let id):
            id
        }
    }
}

extension IPVSChange: CustomStringConvertible {
    /// For a log, such as `add real server 10.244.1.2:8080 of weight 1 to TCP 10.96.0.10:80`.
    public var description: String {
        switch self {
        case .addVirtualServer(let id, let configuration):
            "add virtual server \(id) with scheduler \(configuration.scheduler)"
        case .editVirtualServer(let id, let configuration):
            "edit virtual server \(id) to scheduler \(configuration.scheduler), flags \(configuration.flags.rawValue), "
                + "timeout \(configuration.persistenceTimeout)"
        case .removeVirtualServer(let id): "remove virtual server \(id)"
        case .addRealServer(let server, to: let id): "add real server \(server.id) of weight \(server.weight) to \(id)"
        case .editRealServer(let server, of: let id):
            "edit real server \(server.id) of \(id) to weight \(server.weight)"
        case .removeRealServer(let server, from: let id): "remove real server \(server) from \(id)"
        }
    }
}
