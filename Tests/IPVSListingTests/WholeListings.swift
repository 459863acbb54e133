// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import IPVSListing

// Listings put together as the program does it, from pieces.

extension TableListing {
    func text(of servers: [ObservedVirtualServer], info: IPVSInfo, names: inout some NameResolver) -> [UInt8] {
        let order = sorted ? ListingOrder.order(of: servers) : Array(servers.indices)
        return order.reduce(into: head(info)) { $0 += entry(servers[$1], names: &names) }
    }
}

/// What is read of the kernel's IPVS in one go. A part that is not asked for is `nil`.
struct IPVSSnapshot {
    var info: IPVSInfo?
    var timeouts: IPVSTimeouts?
    var syncDaemons: [SyncDaemon]?
    var virtualServers: [ObservedVirtualServer]?
    var connections: [ConnectionEntry]?
}

extension SnapshotJSON {
    /// - Parameter takesOften: whether each piece is taken as soon as it is there.
    static func text(of snapshot: IPVSSnapshot, takesOften: Bool = false) -> [UInt8] {
        var json = SnapshotJSON()
        var bytes: [UInt8] = []
        if let info = snapshot.info { json.add(info) }
        if let timeouts = snapshot.timeouts { json.add(timeouts) }
        if let daemons = snapshot.syncDaemons { json.add(daemons) }
        if let servers = snapshot.virtualServers {
            json.begin(.virtualServers)
            for server in servers {
                json.add(server)
                if takesOften { bytes += json.take() }
            }
            json.endList()
        }
        if let connections = snapshot.connections {
            json.begin(.connections)
            for connection in connections {
                json.add(connection)
                if takesOften { bytes += json.take() }
            }
            json.endList()
        }
        json.end()
        return bytes + json.take()
    }
}
