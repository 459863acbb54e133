// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
import JSONStrings

/// The kernel's IPVS as JSON, put together piece by piece, so that a long table is never held whole. `docs/dump.md` says what each key
/// means; a change there that readers can notice raises `schemaVersion`.
///
/// The document has the parts that are added, in the order in which they are.
public struct SnapshotJSON: Sendable {
    /// Raised when a key goes or changes its meaning. New keys may come without.
    public static let schemaVersion = 1

    /// What there may be many of.
    public enum List: String, Hashable, Sendable {
        case virtualServers
        case connections
    }

    private var json = JSONWriter(.indented)

    public init() {
        json.beginObject()
        json.member("schemaVersion", Self.schemaVersion)
    }

    public mutating func add(_ info: IPVSInfo) {
        json.member("ipvs", info) { json, info in
            json.member("version", info.version.text)
            json.member("connectionTableSize", info.connectionTableSize)
        }
    }

    public mutating func add(_ timeouts: IPVSTimeouts) {
        json.member("timeouts", timeouts) { json, timeouts in
            json.member("tcp", timeouts.tcp)
            json.member("tcpFin", timeouts.tcpFin)
            json.member("udp", timeouts.udp)
        }
    }

    public mutating func add(_ daemons: [SyncDaemon]) {
        json.member("syncDaemons", each: daemons) { $0.members(of: $1) }
    }

    /// Begins a list, to which all that is added until `endList()` belongs.
    public mutating func begin(_ list: List) {
        json.key(list.rawValue)
        json.beginArray()
    }

    /// Adds to the list of virtual servers, which has begun.
    ///
    /// - Parameter names: without those, the names are `null`.
    public mutating func add(_ server: ObservedVirtualServer, names: ServerNames = ServerNames()) {
        json.element { $0.members(of: server, names) }
    }

    /// Adds to the list of connections, which has begun.
    public mutating func add(_ connection: ConnectionEntry) {
        json.element { $0.members(of: connection) }
    }

    public mutating func endList() {
        json.endArray()
    }

    /// Ends the document.
    public mutating func end() {
        json.endObject()
        json.endLine()
    }

    /// Hands over what has been written since the last time.
    public mutating func take() -> [UInt8] {
        json.take()
    }
}

extension JSONWriter {
    fileprivate mutating func members(of daemon: SyncDaemon) {
        member("role", daemon.role.text)
        member("interface", daemon.multicastInterface)
        member("syncID", daemon.syncID)
        member("maximumLength", daemon.maximumLength)
        member("group", daemon.multicastGroup.isEmpty ? nil : daemon.multicastGroup)
        member("port", daemon.multicastPort)
        member("ttl", daemon.multicastTTL)
    }

    fileprivate mutating func members(of server: ObservedVirtualServer, _ names: ServerNames) {
        let configuration = server.configuration
        let flags = configuration.flags
        var id: VirtualServer.ID?
        var mark: UInt32?
        switch server.identity {
        case .address(let identity): id = identity
        case .firewallMark(let value, _): mark = value
        }
        member("family", server.identity.family.description)
        member("protocol", id?.transport.description)
        member("address", id?.address.description)
        member("port", id?.port)
        member("firewallMark", mark)
        member("service", names.service) { json, service in
            json.member("namespace", service.namespace)
            json.member("name", service.name)
            json.member("port", service.port)
        }
        member("scheduler", configuration.scheduler.name)
        member("schedulerFlags", configuration.allSchedulerFlagNames)
        member("onePacket", flags.contains(.onePacket))
        member("persistence", flags.contains(.persistent) ? configuration : nil) { json, configuration in
            let mask = configuration.persistenceMask
            let isV4 = server.identity.family == .v4
            json.member("timeout", configuration.persistenceTimeout)
            json.member("netmask", isV4 ? IPAddress(v4: mask).description : nil)
            json.member("prefixLength", isV4 ? Self.prefixLength(ofNetmask: mask) : mask)
        }
        member("persistenceEngine", configuration.persistenceEngine?.description)
        member("statistics", server.statistics) { $0.members(of: $1) }
        member("realServers", each: server.realServers) { json, real in
            json.members(of: real, names.endpoints[real.realServer.id] ?? ServerNames.Endpoint())
        }
    }

    private mutating func members(of server: ObservedRealServer, _ endpoint: ServerNames.Endpoint) {
        let realServer = server.realServer
        member("family", realServer.id.address.family.description)
        member("address", realServer.id.address.description)
        member("port", realServer.id.port)
        member("pod", endpoint.pod)
        member("node", endpoint.node)
        member("zone", endpoint.zone)
        member("drainAge", endpoint.drainAge)
        member("forwarding", realServer.forwarding.key)
        member("tunnel", realServer.forwarding == .tunnel ? server.effectiveTunnel : nil) { json, tunnel in
            json.member("type", tunnel.kind.key)
            json.member("port", tunnel.kind == .gue ? tunnel.port : nil)
            json.member("checksum", tunnel.flags & 1 != 0)
            json.member("remoteChecksum", tunnel.flags & 2 != 0)
        }
        member("weight", realServer.weight)
        member("upperThreshold", realServer.upperThreshold)
        member("lowerThreshold", realServer.lowerThreshold)
        member("activeConnections", server.activeConnections)
        member("inactiveConnections", server.inactiveConnections)
        member("persistentConnections", server.persistentConnections)
        member("statistics", server.statistics) { $0.members(of: $1) }
    }

    private mutating func members(of statistics: TrafficStatistics) {
        member("connections", statistics.connections)
        member("inboundPackets", statistics.inboundPackets)
        member("outboundPackets", statistics.outboundPackets)
        member("inboundBytes", statistics.inboundBytes)
        member("outboundBytes", statistics.outboundBytes)
        member("connectionsPerSecond", statistics.connectionsPerSecond)
        member("inboundPacketsPerSecond", statistics.inboundPacketsPerSecond)
        member("outboundPacketsPerSecond", statistics.outboundPacketsPerSecond)
        member("inboundBytesPerSecond", statistics.inboundBytesPerSecond)
        member("outboundBytesPerSecond", statistics.outboundBytesPerSecond)
    }

    fileprivate mutating func members(of entry: ConnectionEntry) {
        member("protocol", entry.protocolName)
        for (key, endpoint) in [
            ("client", entry.client), ("virtual", entry.virtual), ("destination", entry.destination),
        ] {
            member(key, endpoint) { json, endpoint in
                json.member("address", endpoint.address.description)
                json.member("port", endpoint.port)
            }
        }
        member("state", entry.state)
        member("expires", entry.expires)
        member("persistence", entry.persistence) { json, persistence in
            json.member("engine", persistence.engine)
            json.member("data", persistence.data)
        }
    }

    /// `nil` for a netmask with holes.
    private static func prefixLength(ofNetmask mask: UInt32) -> UInt32? {
        let length = (~mask).leadingZeroBitCount
        return mask.nonzeroBitCount == length ? UInt32(length) : nil
    }
}

extension ForwardingMethod {
    fileprivate var key: String {
        switch self {
        case .masquerade: "masquerade"
        case .localNode: "local"
        case .tunnel: "tunnel"
        case .directRoute: "directRoute"
        case .bypass: "bypass"
        }
    }
}

extension TunnelEncapsulation.Kind {
    fileprivate var key: String {
        switch self {
        case .ipip: "ipip"
        case .gue: "gue"
        case .gre: "gre"
        }
    }
}
