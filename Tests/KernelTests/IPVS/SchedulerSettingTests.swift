// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// What Services may choose by annotations, on the real kernel.
    @Suite(.serialized)
    struct SchedulerSettingTests {
        private let ipvs: KernelIPVS

        init() async throws {
            ipvs = try KernelIPVS()
            try await command("ipvsadm", "-C")
        }

        @Test(arguments: IPFamily.allCases)
        func `each scheduler with each flag is accepted by an edit, reads back, and keeps the real servers`(
            family: IPFamily
        ) throws {
            let id = VirtualServer.ID(address: try address(family, 1, 1), port: 80, transport: .tcp)
            let mask = VirtualServer.Configuration.singleClientMask(for: family)
            let realServers = try [1, 2].map { number in
                RealServer(
                    id: RealServer.ID(address: try address(family, 9, number), port: 8080),
                    weight: number == 1 ? 65_535 * SlowStart.scale : 7)
            }
            let plain = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: mask)
            #expect(
                try ipvs.apply([.addVirtualServer(id, plain)] + realServers.map { .addRealServer($0, to: id) }) == [])
            let flags: [VirtualServerFlags] = [[], .scheduler1, .scheduler2, [.scheduler1, .scheduler2]]
            for name in KernelFeature.schedulers {
                for flags in flags {
                    let configuration = VirtualServer.Configuration(
                        scheduler: try #require(Scheduler(name)), flags: flags, persistenceMask: mask)
                    #expect(try ipvs.apply([.editVirtualServer(id, configuration)]) == [])
                    #expect(try ipvs.dumpAll().sorted == [ObservedVirtualServer(id, configuration, realServers)].sorted)
                }
            }
        }

        @Test func `the kernel says which schedulers it has, and is left as it was`() throws {
            let wanted = try (KernelFeature.schedulers + ["nosuch", "x9"]).map { try #require(Scheduler($0)) }
            var known = KnownSchedulers()
            known.learn(wanted, from: ipvs, at: .now)
            #expect(known.missing.map(\.name).sorted() == ["nosuch", "x9"])
            #expect(try ipvs.dumpAll() == [])
        }
    }
}
