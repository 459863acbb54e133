/// One request that changes the kernel's IPVS table.
public enum IPVSChange: Hashable, Sendable {
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
