import Addressing
import ArgumentParser
import DataplaneModel
import KubeProxyConfig
import KubernetesObjects
import Logging
import ProxyService
import Reconcile
import ServicePlan

/// What needs the daemon's own timing: how long an event is on its way, and what a burst of events comes to. It takes an
/// empty network namespace.
struct ProxyScenarios {
    let scale: Scale
    private let times = DataplaneTimes()

    init(_ scale: Scale) {
        self.scale = scale
    }

    func measureLatency() async throws {
        try await withProxy(minSyncPeriod: "0s") { proxy in
            try await measureLatencies(of: proxy)
        }
    }

    /// Updates of 5,000 slices while passes may be a second apart.
    func measureBurst() async throws {
        try await withProxy(minSyncPeriod: "1s") { proxy in
            let events = 5000
            let before = times.current.changes
            let start = Meter.now
            for event in 0..<events {
                let service = event % min(scale.services, events)
                await proxy.apply([.slice(changed(service, by: event))])
                // 5,000 in some two seconds.
                if event % 50 == 0 { try await Task.sleep(for: .milliseconds(20)) }
            }
            let lastEvent = Meter.now
            try await settle(for: .milliseconds(1500))
            let done = times.current
            Record("burst: 5,000 events in", scale, seconds: lastEvent - start).print()
            Record("burst: last event to kernel", scale, seconds: done.lastChange - lastEvent).print()
            // Each pass over this many servers is a few calls of 512 virtual servers at most.
            Record("burst: writing calls", scale, Cost(messages: Double(done.changes - before))).print()
            guard done.lastChange - lastEvent < 1.5 else { throw BenchError("the burst took too long") }
        }
    }

    // MARK: The daemon

    private func withProxy(
        minSyncPeriod: String,
        _ body: (ServiceProxy) async throws -> Void
    ) async throws {
        let flags = try KubeProxyFlags.parse([
            "--hostname-override", Scale.nodeName, "--cluster-cidr", "11.0.0.0/8",
            "--ipvs-min-sync-period", minSyncPeriod, "--ipvs-sync-period", "3600s",
        ])
        let proxy = ServiceProxy(
            settings: try flags.load(file: nil, hostname: Scale.nodeName).settings,
            families: IPFamily.allCases,
            dataplane: try await Dataplane.metered(times),
            logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await proxy.run() }
            await proxy.replaceInterfaceAddresses([])
            await proxy.apply(scale.updates)
            await proxy.sourceCompleted()
            while times.current.changes == 0 { try await Task.sleep(for: .milliseconds(100)) }
            try await settle(for: .milliseconds(2000))
            try await body(proxy)
            group.cancelAll()
        }
    }

    /// Waits until nothing has been written for that long.
    private func settle(for quiet: Duration) async throws {
        var changes = -1
        while changes != times.current.changes {
            changes = times.current.changes
            try await Task.sleep(for: quiet)
        }
    }

    private func changed(_ service: Int, by event: Int) -> EndpointSlice {
        scale.slice(service, endpoints: scale.slice(service).endpoints + [scale.newcomer(event)])
    }

    private func measureLatencies(of proxy: ServiceProxy) async throws {
        var latencies: [Double] = []
        for event in 0..<200 {
            let update = ObjectUpdate.slice(changed(event * scale.services / 200, by: event))
            let changes = times.current.changes
            let start = Meter.now
            await proxy.apply([update])
            while times.current.changes == changes { try await Task.sleep(for: .microseconds(200)) }
            latencies.append(times.current.lastChange - start)
            try await Task.sleep(for: .milliseconds(3))
        }
        latencies.sort()
        Record("event to kernel: median", scale, seconds: latencies[latencies.count / 2]).print()
        Record("event to kernel: 99 %", scale, seconds: latencies[latencies.count * 99 / 100]).print()
    }
}
