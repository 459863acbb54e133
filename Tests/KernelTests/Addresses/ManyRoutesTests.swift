// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// What other programs see of a node with many virtual IPs.
    @Suite(.serialized)
    struct ManyRoutesTests {
        @Test func `with 10,000 virtual IPs of both families as routes, the node's addresses are its own alone`()
            async throws
        {
            let addresses = try KernelAddresses()
            try addresses.removeLink()
            for family in IPFamily.allCases { try addresses.removeRoutes(of: family) }
            try addresses.createLink()
            let own = try await command("ip", "-oneline", "address", "show")

            let fake = FakeDataplane()
            let dataplane = Dataplane(ipvs: fake.ipvs, sets: fake.sets, addresses: addresses, rules: fake.rules)
            let start = ContinuousClock().now
            for family in IPFamily.allCases {
                var reconciler = FamilyReconciler<UInt32>(
                    family: family, ruleConfiguration: RuleConfiguration(ownTraffic: .isFromTheNode),
                    gracefulTimeout: .seconds(900), virtualIPs: .routes)
                for number in 1...10_000 as ClosedRange<UInt32> {
                    var contribution = Contribution()
                    contribution.addresses = [Self.virtualIP(number, family)]
                    reconciler.replaceContribution(of: number, with: contribution)
                }
                let report = await reconciler.pass(.verify, at: start, on: dataplane)
                #expect(report.isComplete)
                #expect(report.applied[.route] == 10_000)
            }

            #expect(try await command("ip", "-oneline", "address", "show") == own)
            for family in IPFamily.allCases {
                let routes = try await command(
                    "ip", "-\(family.rawValue)", "route", "show", "table", "local", "proto", "117")
                #expect(routes.split(separator: "\n").count == 10_000)
                #expect(try addresses.removeRoutes(of: family) == 10_000)
            }
            try addresses.removeLink()
        }

        private static func virtualIP(_ number: UInt32, _ family: IPFamily) -> IPAddress {
            switch family {
            case .v4: IPAddress(v4: 0x0a60_0000 + number)
            case .v6: IPAddress(high: 0xfd00_0010_0096_0000, low: UInt64(number))
            }
        }
    }
}
