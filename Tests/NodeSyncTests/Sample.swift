// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubernetesObjects
import NodeSync
import ServicePlan

enum Sample {
    static func node(
        _ clock: ManualClock,
        families: [IPFamily] = IPFamily.allCases,
        minSyncPeriod: Duration = .zero,
        syncPeriod: Duration = .seconds(30)
    ) -> NodeReconciler {
        NodeReconciler(
            ServiceTable(facts: NodeFacts(name: "here"), families: Set(families)),
            SyncSettings(families: families, minSyncPeriod: minSyncPeriod, syncPeriod: syncPeriod),
            clock: clock
        ) { _ in RuleConfiguration() }
    }

    static func service(_ number: Int) -> Service {
        Service(
            name: name(number),
            clusterIPs: [IPAddress(v4: 0x0a60_0000 + UInt32(number))],
            ports: [ServicePort(name: "http", port: 80)]
        )
    }

    /// The only slice of that Service.
    static func slice(_ number: Int, endpoints: [UInt32]) -> EndpointSlice {
        EndpointSlice(
            name: name(number),
            serviceName: name(number).name,
            family: .v4,
            ports: [EndpointPort(name: "http", port: 8080)],
            endpoints: endpoints.map { Endpoint(address: IPAddress(v4: 0x0af4_0000 + $0)) }
        )
    }

    private static func name(_ number: Int) -> ObjectName {
        ObjectName(namespace: "shop", name: "web-\(number)")
    }
}
