// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import HTTPSurfaces
import InMemoryLogging
import KubernetesHTTP
import KubernetesTesting
import Logging
import Reconcile
import ServicePlan
import Synchronization
import SystemTesting
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// A setting of the kernel that cannot be kept is a degraded part, which shows wherever somebody may look.
struct SettingLogTests {
    private final class Events: Sendable {
        private let recorded = Mutex<[ClusterEvent]>([])
        var all: [ClusterEvent] { recorded.withLock { $0 } }
        func record(_ event: ClusterEvent) { recorded.withLock { $0.append(event) } }
    }

    private static let settings = [
        KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way to endpoints", isVital: true),
        KernelSetting("net/ipv4/conf/all/arp_ignore", .exactly(1), purpose: "strict ARP"),
        KernelSetting("net/netfilter/nf_conntrack_max", .exactly(5), purpose: "room"),
    ]

    private let events = Events()
    private let recorder = InMemoryLogHandler()
    private let metrics = ProxyMetrics(families: [.v4], build: BuildFacts(version: "0.1.0"))
    private let health = HealthBoard(families: [.v4], timeout: .seconds(60), needsNode: false)
    private let fake = FakeSettings([
        "net/ipv4/ip_forward": "1", "net/ipv4/conf/all/arp_ignore": "0", "net/netfilter/nf_conntrack_max": "5",
    ])

    private var logger: Logger { Logger(label: "test", factory: { [recorder] _ in recorder }) }

    private func start() -> (SettingsKeeper, SettingLog) {
        let keeper = NodeSettings.begin(SettingsKeeper(Self.settings), on: fake, logger: logger)
        let log = SettingLog(
            keeper, nodeName: "node-1", metrics: metrics.settings, health: health, logger: logger,
            record: { [events] in events.record($0) })
        return (keeper, log)
    }

    private func series(_ key: String) -> String? {
        metrics.text().split(separator: "\n")
            .first { $0.hasPrefix("kubeipvs_kernel_setting_degraded{setting=\"\(key)\"}") }
            .map { String($0.suffix(1)) }
    }

    private var healthz: String {
        HealthSurface(health: health, metrics: metrics.kubeProxy).answer(HTTPQuestion(path: "/healthz")).body
    }

    @Test func `a setting that cannot be kept shows in log, event, metric and health, and is over in all of them`() {
        fake.readOnly = ["net/ipv4/conf/all/arp_ignore"]
        var (keeper, log) = start()
        for _ in 0..<3 { log.note(keeper.keep(on: fake).degraded) }

        let told = recorder.entries.filter { $0.level >= .error }
        #expect(told.map { "\($0.message)" } == ["a setting of the kernel cannot be kept; the daemon goes on"])
        #expect(told.first?.metadata["setting"] == "net/ipv4/conf/all/arp_ignore = 1")
        #expect(events.all.map(\.reason) == ["KernelSettingDegraded"])
        #expect(events.all.first?.regarding == .node(named: "node-1"))
        #expect(events.all.first?.note.contains("net/ipv4/conf/all/arp_ignore") == true)
        #expect(events.all.first?.note.contains("there is no strict ARP") == true)
        #expect(series("net/ipv4/conf/all/arp_ignore") == "1")
        #expect(series("net/ipv4/ip_forward") == "0")
        #expect(healthz.contains(#","degradedSettings":["net/ipv4/conf/all/arp_ignore"],"healthy""#), "\(healthz)")

        fake.readOnly = []
        for _ in 0..<2 { log.note(keeper.keep(on: fake).degraded) }
        #expect(series("net/ipv4/conf/all/arp_ignore") == "0")
        #expect(!healthz.contains("degradedSettings"))
        #expect(recorder.entries.count { "\($0.message)".contains("as it should be again") } == 1)
        #expect(events.all.count == 1)
    }

    @Test func `a setting without which nothing works is said louder, at the start and later`() {
        var (keeper, log) = start()
        fake.values["net/ipv4/ip_forward"] = "0"
        fake.readOnly = ["net/ipv4/ip_forward"]
        log.note(keeper.keep(on: fake).degraded)
        #expect(recorder.entries.filter { $0.level == .critical }.count == 1)
        #expect(series("net/ipv4/ip_forward") == "1")

        let (again, _) = start()
        #expect(again.degradedAtStart.map(\.setting.isVital) == [true])
        #expect(recorder.entries.filter { $0.level == .critical }.count == 2)
    }

    @Test func `a setting that fails in ever other words is one fault`() {
        var (_, log) = start()
        for words in ["read-only", "not permitted", "no such file"] {
            log.note([
                DegradedSetting(setting: Self.settings[2], failure: DataplaneError(part: .sysctls, explanation: words))
            ])
        }
        #expect(recorder.entries.count { $0.level >= .error } == 1)
        #expect(events.all.count == 1)
    }

    @Test func `without the settings it cannot work without, the daemon still programs, and is not unhealthy`()
        async throws
    {
        let plan = KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way", isVital: true)
        let settings = FakeSettings(["net/ipv4/ip_forward": "0"])
        settings.readOnly = ["net/ipv4/ip_forward"]
        var dataplane = FakeDataplane().dataplane
        dataplane.settings = settings
        try await RunningProxy.run(kernelSettings: [plan], dataplane: dataplane) { running in
            await running.begin([.service(Sample.service("web")), .slice(Sample.slice("web"))])
            try await eventually("the pass is made") {
                running.value("kubeipvs_virtual_servers{ip_family=\"IPv4\"}") == 1
                    && running.value("kubeipvs_kernel_setting_degraded{setting=\"net/ipv4/ip_forward\"}") == 1
            }
            try await eventually("the node is healthy") { running.health.isHealthy }
        }
    }
}
