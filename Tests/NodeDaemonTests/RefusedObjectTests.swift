// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubernetesTesting
import ProxyTelemetry
import Reconcile
import ServicePlan
import Synchronization
import SystemTesting
import Testing

@testable import NodeDaemon

/// A kernel that refuses an endpoint which API validation lets through, while Services change all the time.
struct RefusedObjectTests {
    @Test func `one refused endpoint and steady changes do not keep damage from being repaired each sync period`()
        async throws
    {
        let orders = Orders()
        let dataplane = Dataplane(
            ipvs: RefusingIPVS(orders), sets: FakeIPSet(), addresses: FakeAddresses(), rules: FakeRules())
        try await RunningProxy.run(
            arguments: ["--ipvs-sync-period", "1s", "--ipvs-min-sync-period", "0s"],
            dataplane: dataplane
        ) { running in
            await running.begin(
                (1...3).flatMap { number -> [ObjectUpdate] in
                    [
                        .service(Sample.service("web-\(number)", number)),
                        .slice(Sample.slice("web-\(number)", endpoints: number)),
                    ]
                })
            try await eventually("the family is healthy") { running.health.isHealthy }
            for round in 1...3 {
                orders.state.withLock { $0.damages += 1 }
                var changes: UInt32 = 0
                try await eventually("the damage is repaired") {
                    changes += 1
                    await running.proxy.apply([.slice(Sample.slice("web-2", endpoints: 1 + changes % 2))])
                    let repaired = "kubeipvs_drift_repaired_total{ip_family=\"IPv4\",kind=\"virtual_server\"}"
                    return running.value(repaired) == Double(round)
                }
            }
            #expect(running.value("kubeipvs_refused_objects{ip_family=\"IPv4\"}") == 1)
            #expect(running.health.readiness.json.contains("\"refusedObjects\":1"))
            #expect(running.health.isHealthy)
            // Once at first, then after 100, 200, 400 ms and so on, and with each verifying pass: not with each change.
            let refused = "kubeipvs_passes_total{ip_family=\"IPv4\",mode=\"verify\",result=\"refused\"}"
            let passes = try #require(running.value(refused))
            #expect(orders.state.withLock { $0.refusals } <= Int(passes) + 12)
        }
    }
}

private final class Orders: Sendable {
    struct State {
        /// How often somebody removes a virtual server before it is listed.
        var damages = 0
        var refusals = 0
    }

    let state = Mutex(State())
}

/// Refuses the third endpoint.
private final class RefusingIPVS: IPVSDataplane {
    private let fake = FakeIPVS()
    private let orders: Orders
    private var damages = 0

    init(_ orders: Orders) {
        self.orders = orders
        fake.brokenRealServers = [IPAddress(v4: 0x0af4_0003)]
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        if reading.isAtStart, damages < orders.state.withLock({ $0.damages }), let id = fake.table.entries.keys.min() {
            fake.table[id] = nil
            damages += 1
        }
        return try fake.listVirtualServers(&reading, body)
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        try fake.virtualServer(id)
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        try fake.realServers(of: id)
    }

    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        let refused = try fake.apply(changes)
        orders.state.withLock { $0.refusals += refused.count }
        return refused
    }
}
