// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Foundation
import Testing

/// An address that the test's author has spelled right.
func address(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("not an address: \(text)") }
    return address
}

func server(
    _ transport: TransportProtocol,
    _ virtual: String,
    _ port: UInt16,
    _ scheduler: String,
    flags: VirtualServerFlags = [],
    persistence: UInt32? = nil,
    mask: UInt32? = nil,
    engine: IPVSName? = nil,
    traffic: TrafficStatistics = TrafficStatistics(),
    @RealServers _ realServers: () -> [ObservedRealServer] = { [] }
) -> ObservedVirtualServer {
    let id = VirtualServer.ID(address: address(virtual), port: port, transport: transport)
    return ObservedVirtualServer(
        identity: .address(id),
        configuration: configuration(scheduler, flags, persistence, mask, engine, id.family),
        statistics: traffic,
        realServers: realServers()
    )
}

func server(
    mark: UInt32,
    _ family: IPFamily,
    _ scheduler: String,
    persistence: UInt32? = nil,
    mask: UInt32? = nil,
    @RealServers _ realServers: () -> [ObservedRealServer] = { [] }
) -> ObservedVirtualServer {
    ObservedVirtualServer(
        identity: .firewallMark(mark, family),
        configuration: configuration(scheduler, [], persistence, mask, nil, family),
        realServers: realServers()
    )
}

private func configuration(
    _ scheduler: String,
    _ flags: VirtualServerFlags,
    _ persistence: UInt32?,
    _ mask: UInt32?,
    _ engine: IPVSName?,
    _ family: IPFamily
) -> VirtualServer.Configuration {
    guard let scheduler = Scheduler(scheduler) else { preconditionFailure("not a scheduler: \(scheduler)") }
    return VirtualServer.Configuration(
        scheduler: scheduler,
        flags: persistence == nil ? flags : flags.union(.persistent),
        persistenceTimeout: persistence ?? 0,
        persistenceMask: mask ?? VirtualServer.Configuration.singleClientMask(for: family),
        persistenceEngine: engine
    )
}

func real(
    _ text: String,
    _ port: UInt16,
    _ forwarding: ForwardingMethod = .masquerade,
    weight: UInt32 = 1,
    upper: UInt32 = 0,
    lower: UInt32 = 0,
    active: UInt32 = 0,
    inactive: UInt32 = 0,
    persistent: UInt32 = 0,
    traffic: TrafficStatistics = TrafficStatistics(),
    tunnel: TunnelEncapsulation? = nil
) -> ObservedRealServer {
    ObservedRealServer(
        realServer: RealServer(
            id: RealServer.ID(address: address(text), port: port),
            weight: weight,
            forwarding: forwarding,
            upperThreshold: upper,
            lowerThreshold: lower
        ),
        activeConnections: active,
        inactiveConnections: inactive,
        persistentConnections: persistent,
        statistics: traffic,
        tunnel: tunnel
    )
}

/// Statistics from the numbers of a row of `--stats` and one of `--rate`.
func traffic(_ counters: [UInt64], _ rates: [UInt64] = [0, 0, 0, 0, 0]) -> TrafficStatistics {
    var traffic = TrafficStatistics()
    traffic.connections = counters[0]
    traffic.inboundPackets = counters[1]
    traffic.outboundPackets = counters[2]
    traffic.inboundBytes = counters[3]
    traffic.outboundBytes = counters[4]
    traffic.connectionsPerSecond = rates[0]
    traffic.inboundPacketsPerSecond = rates[1]
    traffic.outboundPacketsPerSecond = rates[2]
    traffic.inboundBytesPerSecond = rates[3]
    traffic.outboundBytesPerSecond = rates[4]
    return traffic
}

@resultBuilder
enum RealServers {
    static func buildBlock(_ servers: ObservedRealServer...) -> [ObservedRealServer] { servers }
}

/// A file of `Golden/`, without the line on top that says which command printed it.
func golden(_ name: String) throws -> String {
    let text = try goldenFile("\(name).txt")
    return String(text[text.index(after: try #require(text.firstIndex(of: "\n")))...])
}

func goldenFile(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
}

/// The text of a listing's bytes.
func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
}
