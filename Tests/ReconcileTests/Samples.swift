// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Reconcile

/// Small contributions for tests, by number.
enum Sample {
    static let start = ContinuousClock().now

    static func vip(_ number: UInt32) -> IPAddress { IPAddress(v4: 0x0a60_0000 + number) }

    static func server(_ number: UInt32, port: UInt16 = 80) -> VirtualServer.ID {
        VirtualServer.ID(address: vip(number), port: port, transport: .tcp)
    }

    static func endpoint(_ number: UInt32) -> RealServer {
        RealServer(id: RealServer.ID(address: IPAddress(v4: 0x0af4_0000 + number), port: 8080))
    }

    static let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)

    static func contribution(_ number: UInt32, endpoints: [UInt32] = [1, 2]) -> Contribution {
        var contribution = Contribution()
        contribution.virtualServers = [
            VirtualServer(
                id: server(number),
                configuration: configuration,
                realServers: endpoints.sorted().map(endpoint)
            )
        ]
        contribution.addresses = [vip(number)]
        contribution.setEntries = [
            SetMembership(.clusterIP, .ipPort(vip(number), .tcp, 80)),
            SetMembership(.ipvsIPs, .ip(vip(number))),
        ]
        return contribution
    }

    static let rules = RuleConfiguration(
        masqueradeMark: 0x4000,
        masqueradeAll: false,
        localDetector: .none,
        usesRandomFully: true
    )

    static func reconciler(
        _ contributions: [UInt32: Contribution] = [:],
        excluding networks: [IPPrefix] = []
    ) -> FamilyReconciler<UInt32> {
        var reconciler = FamilyReconciler<UInt32>(
            family: .v4, excludedNetworks: networks, ruleConfiguration: rules, gracefulTimeout: .seconds(900))
        for (owner, contribution) in contributions.sorted(by: { $0.key < $1.key }) {
            reconciler.replaceContribution(of: owner, with: contribution)
        }
        return reconciler
    }
}
