// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// A restart with the other `--virtual-ips`, over the kernel's addresses and routes.
    @Suite(.serialized)
    struct VirtualIPChangeoverTests {
        private let addresses: KernelAddresses
        private let dataplane: Dataplane
        private static let start = ContinuousClock().now
        private static let count: UInt16 = 400

        init() throws {
            addresses = try KernelAddresses()
            try addresses.removeLink()
            for family in IPFamily.allCases { try addresses.removeRoutes(of: family) }
            let fake = FakeDataplane()
            dataplane = Dataplane(ipvs: fake.ipvs, sets: fake.sets, addresses: addresses, rules: fake.rules)
        }

        private static func vips(_ family: IPFamily) throws -> [IPAddress] {
            try (1...count).map { try address(family, 1, $0) }
        }

        private func start(_ mode: VirtualIPMode, _ family: IPFamily) async throws -> PassReport {
            var reconciler = FamilyReconciler<Int>(
                family: family, ruleConfiguration: RuleConfiguration(), gracefulTimeout: .seconds(900),
                virtualIPs: mode)
            var contribution = Contribution()
            contribution.addresses = try Self.vips(family)
            reconciler.replaceContribution(of: 1, with: contribution)
            let report = await reconciler.pass(.verify, at: Self.start, on: dataplane)
            let next = await reconciler.pass(.verify, at: Self.start, on: dataplane)
            #expect(next.wroteNothing)
            return report
        }

        @Test(arguments: IPFamily.allCases)
        func `each way follows the other, and the kernel delivers to each virtual IP at any time`(family: IPFamily)
            async throws
        {
            let vips = try Self.vips(family)
            // As kube-proxy binds them.
            try addresses.createLink()
            for vip in vips.prefix(3) {
                try await command("ip", "addr", "add", "\(vip)/\(family.bitWidth)", "dev", "kube-ipvs0")
            }
            #expect(try addresses.apply(vips.dropFirst(3).map(AddressChange.bind)) == [])
            try await eventuallyLocal(vips)
            let watch = LocalityWatch(vips)
            watch.start()
            for mode: VirtualIPMode in [.routes, .addresses, .routes] {
                let report = try await start(mode, family)
                #expect(report.isComplete)
                #expect(try addresses.boundAddresses(of: family) == (mode == .addresses ? Set(vips) : []))
                let routes = Set(vips.map { LocalRoute($0) })
                #expect(try addresses.localRoutes(of: family) == (mode == .routes ? routes : []))
            }
            let seen = watch.stop()
            #expect(seen.rounds > 0 && seen.failure == nil)
            #expect(seen.missed == [])
        }

        @Test(arguments: IPFamily.allCases)
        func `one request after the other, a virtual IP is local throughout`(family: IPFamily) throws {
            try addresses.createLink()
            let vip = try address(family, 1, 1)
            #expect(try !isLocal(vip))
            for changes: [AddressChange] in [
                [.addRoute(vip)], [.bind(vip)], [.removeRoute(vip)], [.addRoute(vip)], [.unbind(vip)], [.bind(vip)],
                [.removeRoute(vip)],
            ] {
                // The data plane knows by a listing that there are routes.
                _ = try addresses.localRoutes(of: family)
                #expect(try addresses.apply(changes) == [])
                #expect(try isLocal(vip), "after \(changes)")
            }
            #expect(try addresses.apply([.unbind(vip)]) == [])
            #expect(try !isLocal(vip))
        }

        /// The kernel makes the route of an IPv6 address a while after that is bound.
        private func eventuallyLocal(_ vips: [IPAddress]) async throws {
            for vip in vips {
                while try !isLocal(vip) { try await Task.sleep(for: .milliseconds(1)) }
            }
        }

        private func isLocal(_ address: IPAddress) throws -> Bool {
            var question = try LocalityQuestion()
            return try question.isLocal(address)
        }
    }
}
