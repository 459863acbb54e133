// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Testing

/// One case of everything that a virtual server can be on this kernel.
func representativeServers() throws -> [ObservedVirtualServer] {
    var servers: [ObservedVirtualServer] = []
    for family in IPFamily.allCases {
        for transport in TransportProtocol.allCases {
            for (index, name) in KernelFeature.schedulers.enumerated() {
                let scheduler = try #require(Scheduler(name))
                let id = VirtualServer.ID(
                    address: try address(family, 1, UInt16(index + 1)), port: 443, transport: transport)
                let configuration = VirtualServer.Configuration(
                    scheduler: scheduler, persistenceMask: VirtualServer.Configuration.singleClientMask(for: family))
                let realServers = try (0..<UInt16(index % 4)).map { number in
                    let id = RealServer.ID(
                        address: try address(family, 9, number + 1), port: 8000 + UInt16(index))
                    return RealServer(
                        id: id,
                        weight: [0, 1, 100, 65_535][Int(number) % 4],
                        upperThreshold: number == 1 ? 1000 : 0,
                        lowerThreshold: number == 1 ? 10 : 0
                    )
                }
                servers.append(ObservedVirtualServer(id, configuration, realServers))
            }
        }
        servers += try serversWithFlags(family)
    }
    return servers
}

private func serversWithFlags(_ family: IPFamily) throws -> [ObservedVirtualServer] {
    typealias Configuration = VirtualServer.Configuration
    let single = Configuration.singleClientMask(for: family)
    let subnet: UInt32 = family == .v4 ? 0xffff_ff00 : 64
    let sourceHash = try #require(Scheduler("sh"))
    var configurations = [
        Configuration(
            scheduler: .roundRobin, flags: .persistent, persistenceTimeout: 10_800, persistenceMask: single),
        Configuration(scheduler: .roundRobin, flags: .persistent, persistenceTimeout: 1, persistenceMask: subnet),
        Configuration(scheduler: .maglevHashing, flags: .scheduler2, persistenceMask: single),
        Configuration(
            scheduler: sourceHash, flags: [.scheduler1, .scheduler2, .persistent], persistenceTimeout: 60,
            persistenceMask: subnet),
        Configuration(scheduler: .roundRobin, flags: [.scheduler1, .scheduler3], persistenceMask: single),
        Configuration(scheduler: .roundRobin, flags: .onePacket, persistenceMask: single),
    ]
    if KernelFeature.present.contains(.persistenceEngines) {
        configurations.append(
            Configuration(
                scheduler: .roundRobin, flags: .persistent, persistenceTimeout: 30, persistenceMask: single,
                persistenceEngine: "sip"))
    }
    return try configurations.enumerated().map { index, configuration in
        // One-packet scheduling and the SIP engine are for UDP.
        let id = VirtualServer.ID(
            address: try address(family, 2, UInt16(index + 1)), port: 5060, transport: .udp)
        return ObservedVirtualServer(
            id, configuration,
            [
                RealServer(id: RealServer.ID(address: try address(family, 9, 1), port: 5060), forwarding: .directRoute),
                RealServer(id: RealServer.ID(address: try address(family, 9, 2), port: 5060), forwarding: .tunnel),
            ])
    }
}

/// `10.NETWORK.0.HOST` or `fd00:NETWORK::HOST`.
func address(_ family: IPFamily, _ network: UInt16, _ host: UInt16) throws -> IPAddress {
    switch family {
    case .v4: IPAddress(v4: 10 << 24 | UInt32(network) << 16 | UInt32(host))
    case .v6: try #require(IPAddress("fd00:\(String(network, radix: 16))::\(String(host, radix: 16))"))
    }
}

extension ObservedVirtualServer {
    init(_ id: VirtualServer.ID, _ configuration: VirtualServer.Configuration, _ realServers: [RealServer]) {
        self.init(
            identity: .address(id),
            configuration: configuration,
            realServers: realServers.map { server in
                // The kernel reports how it wraps packets, `ipip` unless told otherwise.
                ObservedRealServer(
                    realServer: server,
                    tunnel: server.forwarding == .tunnel ? TunnelEncapsulation(kind: .ipip) : nil)
            }
        )
    }

    /// The changes that make it.
    var additions: [IPVSChange] {
        guard case .address(let id) = identity else { return [] }
        return [.addVirtualServer(id, configuration)] + realServers.map { .addRealServer($0.realServer, to: id) }
    }
}

extension [ObservedVirtualServer] {
    /// The same table in an order of its own: the kernel's is that of its hash table, newest real server first.
    var sorted: [ObservedVirtualServer] {
        map { server in
            var server = server
            server.realServers.sort { $0.realServer.id < $1.realServer.id }
            return server
        }
        .sorted { $0.saveLines.joined(separator: "\n") < $1.saveLines.joined(separator: "\n") }
    }
}
