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
        let ipvs = FakeIPVS()
        // The third endpoint.
        ipvs.brokenRealServers = [IPAddress(v4: 0x0af4_0003)]
        let dataplane = Dataplane(ipvs: ipvs, sets: FakeIPSet(), addresses: FakeAddresses(), rules: FakeRules())
            .intercepted(by: Stranger(ipvs, orders))
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

/// Carries the orders out.
private final class Stranger: DataplaneInterceptor {
    private let fake: FakeIPVS
    private let orders: Orders
    private var damages = 0

    init(_ fake: FakeIPVS, _ orders: Orders) {
        self.fake = fake
        self.orders = orders
    }

    func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        if call == DataplaneCall(.ipvs, .beginReading), damages < orders.state.withLock({ $0.damages }),
            let id = fake.table.entries.keys.min()
        {
            fake.table[id] = nil
            damages += 1
        }
        return try body()
    }

    func intercept<Change: Hashable & Sendable>(
        _ changes: [Change],
        of part: DataplaneError.Part,
        _ body: ([Change]) throws(DataplaneError) -> [RefusedChange<Change>]
    ) throws(DataplaneError) -> [RefusedChange<Change>] {
        let refused = try body(changes)
        if part == .ipvs { orders.state.withLock { $0.refusals += refused.count } }
        return refused
    }
}
