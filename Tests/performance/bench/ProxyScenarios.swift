// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import KubeProxyConfig
import KubernetesObjects
import Logging
import NodeDaemon
import Reconcile
import ServicePlan
import Synchronization

/// What needs the daemon's own timing: how long an event is on its way, and what a burst of events comes to. It takes an
/// empty network namespace.
struct ProxyScenarios {
    let scale: Scale
    private let times = DataplaneTimes()
    private let passes = PassCount()

    init(_ scale: Scale) {
        self.scale = scale
    }

    func measureLatency() async throws {
        try await withProxy(minSyncPeriod: "0s") { proxy in
            try await measureLatencies(of: proxy)
        }
    }

    /// Events that come while a verifying pass is under way: each is sent off when one has begun, a little later each time.
    func measureLatencyDuringVerify() async throws {
        try await withProxy(minSyncPeriod: "0s", syncPeriod: "1s") { proxy in
            var latencies: [Double] = []
            for event in 0..<30 {
                let listings = times.current.listings
                while times.current.listings == listings { try await Task.sleep(for: .microseconds(500)) }
                try await Task.sleep(for: .milliseconds(event * 10 % 200))
                latencies.append(await latency(of: event, proxy))
            }
            record(latencies, "event during verify")
        }
    }

    /// Updates of 5,000 slices while passes may be a second apart.
    func measureBurst() async throws {
        try await withProxy(minSyncPeriod: "1s") { proxy in
            let events = 5000
            let before = passes.count
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
            let made = passes.count - before
            Record("burst: passes", scale, Cost(messages: Double(made))).print()
            // One period, and the pass itself.
            guard done.lastChange - lastEvent < 1.2 else { throw BenchError("the burst took too long") }
            // One at once, and one after each second; two families, of which one has no endpoints and nothing to write.
            guard made <= Int(done.lastChange - start) + 2 else { throw BenchError("the burst made \(made) passes") }
        }
    }

    /// New Services, each with its slice right behind it, when passes may be a second apart. Before each one it is quiet for two
    /// periods.
    func measureNewServices(_ count: Int) async throws {
        let others = scale.enlarged(by: count)
        try await withProxy(minSyncPeriod: "1s") { proxy in
            var latencies: [Double] = []
            for number in scale.services..<others.services {
                try await Task.sleep(for: .milliseconds(2100))
                var changes = times.current.changes
                await proxy.apply([.service(others.service(number))])
                await times.waitForChange(after: changes)
                changes = times.current.changes
                let start = Meter.now
                await proxy.apply([.slice(others.slice(number))])
                await times.waitForChange(after: changes)
                latencies.append(times.current.lastChange - start)
            }
            record(latencies, "new Service: slice to kernel")
        }
    }

    // MARK: The daemon

    private func withProxy(
        minSyncPeriod: String,
        syncPeriod: String = "3600s",
        _ body: (ServiceProxy) async throws -> Void
    ) async throws {
        let flags = try KubeProxyFlags.parse([
            "--hostname-override", Scale.nodeName, "--cluster-cidr", "11.0.0.0/8",
            "--ipvs-min-sync-period", minSyncPeriod, "--ipvs-sync-period", syncPeriod,
            "--virtual-ips", scale.virtualIPs.rawValue,
        ])
        let proxy = ServiceProxy(
            settings: try flags.load(file: nil, hostname: Scale.nodeName).settings,
            families: IPFamily.allCases,
            dataplane: try await Dataplane.metered(times),
            logger: Logger(label: "bench", factory: { _ in passes })
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await proxy.run() }
            await proxy.replaceInterfaceAddresses([])
            await proxy.apply(scale.updates)
            await proxy.sourceCompleted()
            await times.waitForChange(after: 0)
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
            latencies.append(await latency(of: event, proxy))
            try await Task.sleep(for: .milliseconds(3))
        }
        record(latencies, "event to kernel")
    }

    /// - Returns: how long it took from the call that hands over a changed EndpointSlice to the kernel's answer.
    private func latency(of event: Int, _ proxy: ServiceProxy) async -> Double {
        let update = ObjectUpdate.slice(changed(event * scale.services / 200, by: event))
        let changes = times.current.changes
        let start = Meter.now
        await proxy.apply([update])
        await times.waitForChange(after: changes)
        return times.current.lastChange - start
    }

    private func record(_ latencies: [Double], _ name: String) {
        let latencies = latencies.sorted()
        guard let longest = latencies.last else { return }
        Record("\(name): median", scale, seconds: latencies[latencies.count / 2]).print()
        Record("\(name): 99 %", scale, seconds: latencies[latencies.count * 99 / 100]).print()
        Record("\(name): longest", scale, seconds: longest).print()
    }
}

/// Counts the passes of mode `changes` that the proxy logs.
private final class PassCount: LogHandler {
    private let passes = Mutex(0)

    var count: Int { passes.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .debug }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        guard event.message == "pass", event.metadata?["mode"] == "changes" else { return }
        passes.withLock { $0 += 1 }
    }
}
