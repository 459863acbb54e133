// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import DataplaneModel
import IPVSListing

/// Reads what a dump asks for and writes it.
struct KernelDump {
    private let kernel: KernelIPVS
    private let output: OutputDescriptor
    private let source: ServerNameSource

    /// - Parameter source: tells names where they are asked for.
    init(to output: OutputDescriptor, names source: ServerNameSource = .none) throws {
        kernel = try KernelIPVS()
        self.output = output
        self.source = source
    }

    func write(_ request: DumpRequest, _ names: inout some NameResolver) throws {
        switch try request.subject() {
        case .table where request.json: try writeTableJSON(request)
        case .table where request.services: try writeNamedTable(request)
        case .table: try writeTable(request, &names)
        case .virtualServer(let identity):
            guard let server = try kernel.virtualServer(identity) else { throw NoSuchVirtualServer(identity: identity) }
            if request.json {
                try writeJSON { json in
                    json.begin(.virtualServers)
                    json.add(server.sorted(request), names: serverNames(of: [server])[0])
                    json.endList()
                }
            } else if request.services {
                let lines = NamedListing.lines(server.sorted(request), serverNames(of: [server])[0])
                try output.write(lines: NamedListing.title + lines)
            } else {
                try output.write(request.table.text(of: server, names: &names))
            }
        case .connections: try writeConnections(request, &names)
        case .timeouts:
            let timeouts = try kernel.timeouts()
            request.json
                ? try writeJSON { $0.add(timeouts) } : try output.write(SettingsListing.text(of: timeouts))
        case .syncDaemons:
            let daemons = try kernel.syncDaemons()
            request.json ? try writeJSON { $0.add(daemons) } : try output.write(SettingsListing.text(of: daemons))
        }
    }

    // MARK: The table

    // What stands above a long table goes out before the table is read. Of the table all virtual servers are held, for they are
    // sorted, and the real servers of one.

    private func writeTable(_ request: DumpRequest, _ names: inout some NameResolver) throws {
        var buffer = OutputBuffer(output)
        if !request.save {
            try buffer.write(request.table.head(try kernel.info()))
            try buffer.flush()
        }
        let servers = try kernel.virtualServersAlone()
        // --save knows no --nosort.
        for index in order(of: servers, request) {
            guard let server = try whole(servers[index]) else { continue }
            try buffer.write(
                request.save
                    ? RestoreRules.entry(server, names: &names) : request.table.entry(server, names: &names))
        }
        try buffer.flush()
    }

    private func writeTableJSON(_ request: DumpRequest) throws {
        var buffer = OutputBuffer(output)
        var json = SnapshotJSON()
        json.add(try kernel.info())
        json.add(try kernel.timeouts())
        json.add(try kernel.syncDaemons())
        json.begin(.virtualServers)
        try buffer.write(json.take())
        try buffer.flush()
        try forEachNamed(request) { server, names throws(OutputError) in
            json.add(server, names: names)
            try buffer.write(json.take())
        }
        json.endList()
        json.end()
        try buffer.write(json.take())
        try buffer.flush()
    }

    private func writeNamedTable(_ request: DumpRequest) throws {
        var buffer = OutputBuffer(output)
        for line in NamedListing.title { try buffer.write(line: line) }
        try buffer.flush()
        try forEachNamed(request) { server, names throws(OutputError) in
            for line in NamedListing.lines(server, names) { try buffer.write(line: line) }
        }
        try buffer.flush()
    }

    /// Names are asked for some at a time: neither they nor real servers are ever held for the whole table.
    private func forEachNamed(
        _ request: DumpRequest,
        _ body: (ObservedVirtualServer, ServerNames) throws(OutputError) -> Void
    ) throws {
        guard source.hasNames || !request.filter.needsNames else { throw NoNames() }
        let servers = try kernel.virtualServersAlone()
        let order = order(of: servers, request).filter { request.filter.admits(servers[$0].identity) }
        for start in stride(from: 0, to: order.count, by: ServerNameSource.askedTogether) {
            let part = order[start..<min(start + ServerNameSource.askedTogether, order.count)]
            let names = serverNames(of: part.map { servers[$0] })
            for (index, names) in zip(part, names) where request.filter.admits(names) {
                guard let server = try whole(servers[index]) else { continue }
                try body(server.sorted(request), names)
            }
        }
    }

    /// One for each of the virtual servers.
    private func serverNames(of servers: [ObservedVirtualServer]) -> [ServerNames] {
        source.names(of: servers.map(\.identity))
    }

    private func order(of servers: [ObservedVirtualServer], _ request: DumpRequest) -> [Int] {
        request.unsorted ? Array(servers.indices) : ListingOrder.order(of: servers)
    }

    /// With its real servers; `nil` when it has gone meanwhile.
    private func whole(_ server: ObservedVirtualServer) throws -> ObservedVirtualServer? {
        guard let realServers = try kernel.realServers(of: server.identity) else { return nil }
        var server = server
        server.realServers = realServers
        return server
    }

    // MARK: Other subjects

    /// As the table is read, for it can be long.
    private func writeConnections(_ request: DumpRequest, _ names: inout some NameResolver) throws {
        let listing = ConnectionListing(showsPersistence: request.persistentConnections)
        var file = try ConnectionTableFile()
        var json = SnapshotJSON()
        if request.json {
            json.begin(.connections)
            try output.write(json.take())
        } else {
            try output.write(listing.title)
        }
        while case let lines = try file.nextLines(), !lines.isEmpty {
            let entries = try lines.map { line in
                guard let entry = ConnectionEntry(line: line) else { throw UnknownConnectionLine(line: line) }
                return entry
            }
            if request.json {
                for entry in entries { json.add(entry) }
                try output.write(json.take())
            } else {
                try output.write(listing.text(of: entries, names: &names))
            }
        }
        guard request.json else { return }
        json.endList()
        json.end()
        try output.write(json.take())
    }

    private func writeJSON(_ body: (inout SnapshotJSON) -> Void) throws {
        var json = SnapshotJSON()
        body(&json)
        json.end()
        try output.write(json.take())
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
