import Addressing
import DataplaneModel

/// A snapshot as JSON. `docs/dump.md` says what each key means; a change there that readers can notice raises
/// `schemaVersion`.
public enum SnapshotJSON {
    /// Raised when a key goes or changes its meaning. New keys may come without.
    public static let schemaVersion = 1

    /// The parts that the snapshot has, servers and connections in its order.
    public static func text(of snapshot: IPVSSnapshot) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.member("schemaVersion", schemaVersion)
            if let info = snapshot.info {
                json.member("ipvs", info) { json, info in
                    json.member("version", info.version.text)
                    json.member("connectionTableSize", info.connectionTableSize)
                }
            }
            if let timeouts = snapshot.timeouts {
                json.member("timeouts", timeouts) { json, timeouts in
                    json.member("tcp", timeouts.tcp)
                    json.member("tcpFin", timeouts.tcpFin)
                    json.member("udp", timeouts.udp)
                }
            }
            if let daemons = snapshot.syncDaemons {
                json.member("syncDaemons", each: daemons) { $0.members(of: $1) }
            }
            if let servers = snapshot.virtualServers {
                json.member("virtualServers", each: servers) { $0.members(of: $1) }
            }
            if let connections = snapshot.connections {
                json.member("connections", each: connections) { $0.members(of: $1) }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension JSONText {
    fileprivate mutating func members(of daemon: SyncDaemon) {
        member("role", daemon.role.text)
        member("interface", daemon.multicastInterface)
        member("syncID", daemon.syncID)
        member("maximumLength", daemon.maximumLength)
        member("group", daemon.multicastGroup.isEmpty ? nil : daemon.multicastGroup)
        member("port", daemon.multicastPort)
        member("ttl", daemon.multicastTTL)
    }

    fileprivate mutating func members(of server: ObservedVirtualServer) {
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
        member("realServers", each: server.realServers) { $0.members(of: $1) }
    }

    private mutating func members(of server: ObservedRealServer) {
        let realServer = server.realServer
        member("family", realServer.id.address.family.description)
        member("address", realServer.id.address.description)
        member("port", realServer.id.port)
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
