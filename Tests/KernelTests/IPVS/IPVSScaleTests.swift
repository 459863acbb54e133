// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct IPVSScaleTests {
        private let ipvs: KernelIPVS

        init() async throws {
            ipvs = try KernelIPVS()
            try await command("ipvsadm", "-C")
        }

        @Test func `ten thousand virtual servers are written and read`() async throws {
            let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)
            let servers = try (0..<UInt32(10_000)).map { number in
                let id = VirtualServer.ID(
                    address: IPAddress(v4: 0x0a01_0000 + number), port: 443, transport: .tcp)
                let realServer = RealServer(id: RealServer.ID(address: try address(.v4, 9, 1), port: 8443))
                return ObservedVirtualServer(id, configuration, number % 2 == 0 ? [realServer] : [])
            }
            #expect(try ipvs.apply(servers.flatMap(\.additions)) == [])

            let found = try ipvs.dumpAll()
            #expect(found.count == servers.count)
            // Not compared inside the expectation: it would print all of them.
            let areEqual = Set(found) == Set(servers)
            #expect(areEqual)
            let lines = try await command("ipvsadm", "-S", "-n").split(separator: "\n")
            #expect(lines.count == 15_000)
        }

        @Test func `a listing comes in parts, others' requests in between, and begins anew when it is told to`()
            async throws
        {
            let ids = (0..<UInt32(2000)).map { number in
                VirtualServer.ID(address: IPAddress(v4: 0x0a01_0000 + number), port: 443, transport: .tcp)
            }
            let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)
            #expect(try ipvs.apply(ids.map { .addVirtualServer($0, configuration) }) == [])

            var parts = 0
            // Linux 7.2 moves virtual servers about for a while, and its listings then lack some.
            try await eventually("a listing shows all") {
                var listed: Set<VirtualServer.ID> = []
                func note(_ server: ObservedVirtualServer) {
                    if case .address(let id) = server.identity { listed.insert(id) }
                }
                // One that is not read to its end.
                var left = KernelReading<Void>()
                #expect(try ipvs.listVirtualServers(&left, note) == .more)
                listed = []
                parts = 1
                var reading = KernelReading<Void>()
                var progress = try ipvs.listVirtualServers(&reading, note)
                while progress == .more {
                    #expect(try ipvs.listVirtualServers(&left, note) == .lapsed)
                    #expect(try ipvs.realServers(of: ids[parts]) == [])
                    #expect(try ipvs.apply([.editVirtualServer(ids[parts], configuration)]) == [])
                    progress = try ipvs.listVirtualServers(&reading, note)
                    parts += 1
                }
                #expect(progress == .complete)
                #expect(try ipvs.listVirtualServers(&left, note) == .lapsed)
                #expect(listed.isSubset(of: ids))
                return listed.count == ids.count
            }
            #expect(parts > 5)
        }

        @Test func `a thousand real servers of one virtual server come in many datagrams and each once`() throws {
            let id = VirtualServer.ID(address: try address(.v6, 1, 1), port: 443, transport: .tcp)
            let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: 128)
            let realServers = try (1...UInt16(1000)).map { host in
                RealServer(
                    id: RealServer.ID(address: try address(.v6, 9, host), port: 8443), weight: UInt32(host))
            }
            let server = ObservedVirtualServer(id, configuration, realServers)
            #expect(try ipvs.apply(server.additions) == [])
            #expect(try ipvs.dumpAll().sorted == [server].sorted)
        }
    }
}
