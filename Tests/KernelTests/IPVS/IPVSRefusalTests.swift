// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// A refusal names its change and leaves the neighbours in the same batch alone.
    @Suite(.serialized)
    struct IPVSRefusalTests {
        private let ipvs: KernelIPVS
        private let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)

        init() async throws {
            ipvs = try KernelIPVS()
            try await command("ipvsadm", "-C")
        }

        private func id(_ host: UInt16) throws -> VirtualServer.ID {
            VirtualServer.ID(address: try address(.v4, 1, host), port: 80, transport: .tcp)
        }

        private func realServer(_ host: UInt16) throws -> RealServer {
            RealServer(id: RealServer.ID(address: try address(.v4, 9, host), port: 8080))
        }

        @Test func `each refusal has the kernel's number and neighbours take effect`() throws {
            let unknown = VirtualServer.Configuration(
                scheduler: try #require(Scheduler("nosuch")), persistenceMask: .max)
            let wrong: [(IPVSChange, Int32)] = [
                (.addVirtualServer(try id(1), configuration), 17),
                (.removeVirtualServer(try id(9)), 3),
                (.editVirtualServer(try id(9), configuration), 3),
                (.addRealServer(try realServer(1), to: try id(9)), 3),
                (.removeRealServer(try realServer(1).id, from: try id(9)), 3),
                (.addRealServer(try realServer(1), to: try id(1)), 17),
                (.removeRealServer(try realServer(9).id, from: try id(1)), 2),
                (.editRealServer(try realServer(9), of: try id(1)), 2),
                (.addVirtualServer(try id(8), unknown), 2),
            ]
            var changes: [IPVSChange] = [
                .addVirtualServer(try id(1), configuration), .addRealServer(try realServer(1), to: try id(1)),
            ]
            for (index, (change, _)) in wrong.enumerated() {
                changes += [change, .addRealServer(try realServer(UInt16(20 + index)), to: try id(1))]
            }

            let refused = try ipvs.apply(changes)
            #expect(refused.map(\.change) == wrong.map(\.0))
            #expect(refused.map(\.error.number) == wrong.map(\.1))
            #expect(refused.allSatisfy { $0.error.part == .ipvs })

            let server = try #require(try ipvs.dumpAll().first)
            let neighbours = try (0..<wrong.count).map { try realServer(UInt16(20 + $0)) }
            #expect(Set(server.realServers.map(\.realServer)) == Set([try realServer(1)] + neighbours))
        }

        @Test func `a refusal reads as a sentence`() throws {
            let refused = try ipvs.apply([
                .addRealServer(try realServer(1), to: try id(1)), .removeVirtualServer(try id(2)),
            ])
            #expect(
                refused.map(\.error.description) == [
                    "cannot add real server 10.9.0.1:8080 of weight 1 to TCP 10.1.0.1:80: no such virtual server (errno 3)",
                    "cannot remove virtual server TCP 10.1.0.2:80: no such virtual server (errno 3)",
                ])
        }

        @Test func `a batch that is refused as a whole is answered as a whole`() throws {
            let changes = try (0..<20_000).map { number in
                IPVSChange.removeVirtualServer(
                    VirtualServer.ID(address: try address(.v4, 1, 1), port: UInt16(number), transport: .udp))
            }
            let refused = try ipvs.apply(changes)
            #expect(refused.map(\.change) == changes)
            #expect(Set(refused.map(\.error.number)) == [3])
        }

        @Test func `missing entries alone are refused too, not taken for a family that is gone`() throws {
            #expect(try ipvs.apply([.addVirtualServer(try id(1), configuration)]) == [])
            let refused = try ipvs.apply([.removeRealServer(try realServer(1).id, from: try id(1))])
            #expect(refused.map(\.error.number) == [2])
        }
    }
}
