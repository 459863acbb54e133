// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// How long others wait for a virtual server with very many real servers, on the kernel's own IPVS.
    @Suite(.serialized)
    struct LargeServerTests {
        private let ipvs: KernelIPVS
        private let dataplane: Dataplane

        init() async throws {
            ipvs = try KernelIPVS()
            try await command("ipvsadm", "-C")
            let fake = FakeDataplane()
            dataplane = Dataplane(ipvs: ipvs, sets: fake.sets, addresses: fake.addresses, rules: fake.rules)
        }

        private func contribution(_ number: UInt32, endpoints: UInt32) -> Contribution {
            let id = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0000 + number), port: 80, transport: .tcp)
            var contribution = Contribution()
            contribution.virtualServers = [
                VirtualServer(
                    id: id,
                    configuration: VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max),
                    realServers: (0..<endpoints).map {
                        RealServer(id: RealServer.ID(address: IPAddress(v4: 0x0af4_0000 + $0), port: 8080))
                    }
                )
            ]
            contribution.addresses = [id.address]
            return contribution
        }

        @Test func `a small Service beside one of 10,000 endpoints is there after one part, and no part takes long`()
            async throws
        {
            let clock = ContinuousClock()
            var reconciler = FamilyReconciler<Int>(
                family: .v4, ruleConfiguration: RuleConfiguration(), gracefulTimeout: .seconds(900))
            _ = await reconciler.pass(.verify, at: clock.now, on: dataplane)
            reconciler.replaceContribution(of: 1, with: contribution(1, endpoints: 10_000))
            reconciler.replaceContribution(of: 2, with: contribution(2, endpoints: 2))
            var longest = Duration.zero
            var parts = 0
            repeat {
                let start = clock.now
                let report = reconciler.writeChanges(at: start, on: dataplane)
                longest = max(longest, clock.now - start)
                parts += 1
                #expect(report.failures.isEmpty && report.refusals.isEmpty)
                if parts == 1 {
                    let small = try ipvs.realServers(of: contribution(2, endpoints: 0).virtualServers[0].id)
                    #expect(small?.count == 2)
                }
            } while reconciler.hasMore
            #expect(parts > 10)
            #expect(longest < .milliseconds(500))
            let large = try ipvs.realServers(of: contribution(1, endpoints: 0).virtualServers[0].id)
            #expect(large?.count == 10_000)
        }
    }
}
