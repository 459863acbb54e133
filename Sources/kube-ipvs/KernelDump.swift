import DataplaneKernel
import DataplaneModel
import IPVSListing

/// Reads what a dump asks for and writes it.
struct KernelDump {
    private let kernel: KernelIPVS
    private let output: OutputDescriptor

    init(to output: OutputDescriptor) throws {
        kernel = try KernelIPVS()
        self.output = output
    }

    func write(_ request: DumpRequest, _ names: inout some NameResolver) throws {
        switch try request.subject() {
        case .table: try writeTable(request, &names)
        case .virtualServer(let identity):
            guard let server = try kernel.virtualServer(identity) else { throw NoSuchVirtualServer(identity: identity) }
            if request.json {
                try output.write(SnapshotJSON.text(of: IPVSSnapshot(virtualServers: [server.sorted(request)])))
            } else {
                try output.write(request.table.text(of: server, names: &names))
            }
        case .connections: try writeConnections(request, &names)
        case .timeouts:
            let timeouts = try kernel.timeouts()
            try output.write(
                request.json
                    ? SnapshotJSON.text(of: IPVSSnapshot(timeouts: timeouts)) : SettingsListing.text(of: timeouts)
            )
        case .syncDaemons:
            let daemons = try kernel.syncDaemons()
            try output.write(
                request.json
                    ? SnapshotJSON.text(of: IPVSSnapshot(syncDaemons: daemons)) : SettingsListing.text(of: daemons)
            )
        }
    }

    private func writeTable(_ request: DumpRequest, _ names: inout some NameResolver) throws {
        let servers = try kernel.dumpAll()
        if request.save {
            try output.write(RestoreRules.text(of: servers, names: &names))
        } else if request.json {
            let snapshot = IPVSSnapshot(
                info: try kernel.info(),
                timeouts: try kernel.timeouts(),
                syncDaemons: try kernel.syncDaemons(),
                virtualServers: (request.unsorted ? servers : ListingOrder.sorted(servers)).map { $0.sorted(request) }
            )
            try output.write(SnapshotJSON.text(of: snapshot))
        } else {
            try output.write(request.table.text(of: servers, info: try kernel.info(), names: &names))
        }
    }

    /// As the table is read, for it can be long.
    private func writeConnections(_ request: DumpRequest, _ names: inout some NameResolver) throws {
        let listing = ConnectionListing(showsPersistence: request.persistentConnections)
        var file = try ConnectionTableFile()
        var all: [ConnectionEntry] = []
        if !request.json { try output.write(listing.title) }
        while case let lines = try file.nextLines(), !lines.isEmpty {
            let entries = try lines.map { line in
                guard let entry = ConnectionEntry(line: line) else { throw UnknownConnectionLine(line: line) }
                return entry
            }
            if request.json {
                all += entries
            } else {
                try output.write(listing.text(of: entries, names: &names))
            }
        }
        if request.json { try output.write(SnapshotJSON.text(of: IPVSSnapshot(connections: all))) }
    }
}

extension ObservedVirtualServer {
    /// With its real servers in the order of the request.
    fileprivate func sorted(_ request: DumpRequest) -> ObservedVirtualServer {
        guard !request.unsorted else { return self }
        var server = self
        server.realServers = ListingOrder.sorted(realServers)
        return server
    }
}

struct NoSuchVirtualServer: Error, CustomStringConvertible {
    var identity: ObservedVirtualServer.Identity

    var description: String {
        switch identity {
        case .address(let id): "there is no virtual server \(id)"
        case .firewallMark(let mark, let family): "there is no virtual server for firewall mark \(mark) of \(family)"
        }
    }
}

struct UnknownConnectionLine: Error, CustomStringConvertible {
    var line: ArraySlice<UInt8>

    var description: String {
        "a line of /proc/net/ip_vs_conn is not understood: \(String(decoding: line, as: UTF8.self))"
    }
}
