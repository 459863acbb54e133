// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// What we write is what ipvsadm shows, and what ipvsadm writes is what we read.
    @Suite(.serialized)
    struct IPVSTableTests {
        private let ipvs: KernelIPVS

        init() async throws {
            ipvs = try KernelIPVS()
            try await command("ipvsadm", "-C")
        }

        @Test func `ipvsadm shows what was written`() async throws {
            let servers = try representativeServers()
            #expect(try ipvs.apply(servers.flatMap(\.additions)) == [])

            let lines = try await command("ipvsadm", "-S", "-n").split(separator: "\n").map(String.init)
            #expect(lines.sorted() == servers.flatMap(\.saveLines).sorted())
        }

        @Test func `what ipvsadm wrote reads back as the same values`() async throws {
            let servers = try representativeServers()
            let text = servers.flatMap(\.restoreLines).joined(separator: "\n") + "\n"
            try await command(["ipvsadm", "-R"], input: text)

            #expect(try ipvs.dumpAll().sorted == servers.sorted)
            for family in IPFamily.allCases {
                var found: [ObservedVirtualServer] = []
                try ipvs.forEachVirtualServer(of: family) { found.append($0) }
                #expect(found.sorted == servers.filter { $0.identity.family == family }.sorted)
            }
        }

        @Test func `thresholds are those that ipvsadm shows`() async throws {
            let servers = try representativeServers()
            #expect(try ipvs.apply(servers.flatMap(\.additions)) == [])

            // Columns: address, upper threshold, lower threshold, active and inactive connections.
            let shown = try await command("ipvsadm", "-L", "-n", "--thresholds").split(separator: "\n")
                .map { $0.split(separator: " ") }.filter { $0.first == "->" }.dropFirst()
                .map { $0[1...3].joined(separator: " ") }
            let written = servers.flatMap(\.realServers).map(\.realServer).map {
                "\($0.id) \($0.upperThreshold) \($0.lowerThreshold)"
            }
            #expect(shown.sorted() == written.sorted())
        }

        @Test func `a dump keeps the kernel's order`() async throws {
            #expect(try ipvs.apply(try representativeServers().flatMap(\.additions)) == [])
            try await command("ipvsadm", "-A", "-f", "77", "-s", "wlc")

            let shown = try await command("ipvsadm", "-L", "-n", "--nosort").split(separator: "\n").dropFirst(3)
                .map { $0.split(separator: " ")[..<2].joined(separator: " ") }
            let dumped = try ipvs.dumpAll().flatMap { server in
                let first =
                    switch server.identity {
                    case .address(let id): "\(id)"
                    case .firewallMark(let mark, _): "FWM \(mark)"
                    }
                return [first] + server.realServers.map { "-> \($0.realServer.id)" }
            }
            #expect(dumped == shown)
        }

        @Test func `an edit changes the server in place and keeps its real servers`() async throws {
            let id = VirtualServer.ID(address: try address(.v4, 1, 1), port: 80, transport: .tcp)
            var configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)
            var realServer = RealServer(id: RealServer.ID(address: try address(.v4, 9, 1), port: 8080))
            #expect(
                try ipvs.apply([.addVirtualServer(id, configuration), .addRealServer(realServer, to: id)]) == [])

            configuration.scheduler = .maglevHashing
            configuration.flags = [.persistent, .scheduler2]
            configuration.persistenceTimeout = 90
            realServer.weight = 0
            #expect(
                try ipvs.apply([.editVirtualServer(id, configuration), .editRealServer(realServer, of: id)]) == [])
            #expect(try ipvs.dumpAll() == [ObservedVirtualServer(id, configuration, [realServer])])

            configuration.flags = []
            configuration.persistenceTimeout = 0
            #expect(try ipvs.apply([.editVirtualServer(id, configuration)]) == [])
            #expect(try await command("ipvsadm", "-S", "-n").hasPrefix("-A -t 10.1.0.1:80 -s mh\n"))
        }

        @Test func `removing takes away what it names, and a virtual server takes its real servers along`() throws {
            let servers = try representativeServers()
            #expect(try ipvs.apply(servers.flatMap(\.additions)) == [])

            let first = try #require(servers.first { $0.realServers.count == 3 })
            guard case .address(let id) = first.identity else { return }
            let removed = first.realServers[1].realServer.id
            #expect(try ipvs.apply([.removeRealServer(removed, from: id)]) == [])
            let found = try #require(try ipvs.dumpAll().first { $0.identity == first.identity })
            #expect(
                Set(found.realServers.map(\.realServer.id))
                    == Set(first.realServers.map(\.realServer.id)).subtracting([removed]))

            let removals = servers.compactMap { server -> IPVSChange? in
                guard case .address(let id) = server.identity else { return nil }
                return .removeVirtualServer(id)
            }
            #expect(try ipvs.apply(removals) == [])
            #expect(try ipvs.dumpAll() == [])
        }

        @Test func `servers for firewall marks are read and left alone`() async throws {
            try await command("ipvsadm", "-A", "-f", "77", "-s", "wlc", "-p", "120")
            try await command("ipvsadm", "-a", "-f", "77", "-r", "10.9.0.1:80", "-i", "-w", "3")
            try await command("ipvsadm", "-A", "-f", "78", "-6", "-s", "rr")
            let id = VirtualServer.ID(address: try address(.v4, 1, 1), port: 80, transport: .tcp)
            let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)
            #expect(try ipvs.apply([.addVirtualServer(id, configuration)]) == [])
            #expect(try ipvs.apply([.removeVirtualServer(id)]) == [])

            let servers = try ipvs.dumpAll().sorted
            #expect(servers.map(\.identity) == [.firewallMark(77, .v4), .firewallMark(78, .v6)])
            #expect(
                servers.flatMap(\.saveLines) == [
                    "-A -f 77 -s wlc -p 120", "-a -f 77 -r 10.9.0.1:80 -i -w 3 --tun-type ipip", "-A -f 78 -6 -s rr",
                ])
        }

        @Test func `a real server may be of the other family, and its tunnel is read`() async throws {
            try await command("ipvsadm", "-A", "-t", "10.1.0.1:80", "-s", "rr")
            try await command("ipvsadm", "-a", "-t", "10.1.0.1:80", "-r", "[fd00::7]:80", "-i")
            try await command(
                "ipvsadm", "-a", "-t", "10.1.0.1:80", "-r", "10.9.0.1:80", "-i", "--tun-type", "gue", "--tun-port",
                "6080", "--tun-nocsum")
            try await command(
                "ipvsadm", "-a", "-t", "10.1.0.1:80", "-r", "10.9.0.2:80", "-i", "--tun-type", "gre", "--tun-csum")

            let server = try #require(try ipvs.dumpAll().sorted.first)
            #expect(
                server.realServers.map { "\($0.realServer.id)" } == ["10.9.0.1:80", "10.9.0.2:80", "[fd00::7]:80"])
            #expect(
                server.realServers.map(\.tunnel) == [
                    TunnelEncapsulation(kind: .gue, port: 6080), TunnelEncapsulation(kind: .gre, flags: 1),
                    TunnelEncapsulation(kind: .ipip),
                ])
        }
    }
}
