// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import HTTPSurfaces
import KubeProxyConfig
import KubernetesObjects
import Logging
import NodeStatus
import Reconcile
import ServicePlan
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// A proxy that makes its passes over a fake data plane, with everything that it tells of itself.
struct RunningProxy: Sendable {
    let proxy: ServiceProxy
    let metrics: ProxyMetrics
    let health: HealthBoard
    let healthCheckPorts: HealthCheckPorts
    let status: StatusBoard

    static let name = ObjectName(namespace: "shop", name: "web")
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// - Parameters:
    ///   - brokenAddresses: those of virtual servers that the kernel refuses.
    ///   - brokenFamilies: those whose iptables does not work.
    ///   - dataplane: in place of one of those.
    static func run(
        arguments: [String] = [],
        families: [IPFamily] = [.v4],
        brokenAddresses: Set<IPAddress> = [],
        brokenFamilies: Set<IPFamily> = [],
        virtualServerCounters: Int = 0,
        kernelSettings: [KernelSetting] = [],
        dataplane: sending Dataplane? = nil,
        manager: ServiceManager = ServiceManager { _ in nil },
        _ body: @Sendable @escaping (RunningProxy) async throws -> Void
    ) async throws {
        let settings = try KubeProxyFlags.parse(KubeProxyFlags.normalizing(arguments))
            .load(file: nil, hostname: "here").settings
        let metrics = ProxyMetrics(families: families, build: BuildFacts(version: "0.1.0"))
        let health = HealthBoard(families: families, timeout: .seconds(60), needsNode: false)
        let ports = HealthCheckPorts(health: health, logger: logger)
        let status = StatusBoard(families: families, start: .now)
        let proxy = ServiceProxy(
            settings: settings,
            families: families,
            dataplane: dataplane ?? fakeDataplane(brokenAddresses, brokenFamilies),
            settingsKeeper: SettingsKeeper(kernelSettings),
            metrics: metrics,
            health: health,
            healthCheckPorts: ports,
            virtualServerCounters: virtualServerCounters,
            status: status,
            manager: manager,
            logger: logger
        )
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await proxy.run() }
            group.addTask { await ports.run() }
            defer { group.cancelAll() }
            try await body(
                RunningProxy(
                    proxy: proxy, metrics: metrics, health: health, healthCheckPorts: ports, status: status))
        }
    }

    private static func fakeDataplane(
        _ brokenAddresses: Set<IPAddress>,
        _ brokenFamilies: Set<IPFamily>
    ) -> sending Dataplane {
        let fake = FakeDataplane()
        fake.rules.brokenFamilies = brokenFamilies
        fake.ipvs.brokenAddresses = brokenAddresses
        return fake.dataplane
    }

    /// All that a source hands over at its start.
    func begin(_ updates: [ObjectUpdate], node: Node? = Node(name: "here")) async {
        await proxy.replaceNode(node)
        await proxy.replaceInterfaceAddresses([IPAddress(v4: 0x7f00_0001), IPAddress(v4: 0xc000_0201)])
        await proxy.apply(updates)
        await proxy.sourceCompleted()
    }

    /// The value of a series, as `/metrics` has it.
    func value(_ series: String) -> Double? {
        metrics.text().split(separator: "\n").first { $0.hasPrefix("\(series) ") }
            .flatMap { Double($0.dropFirst(series.count + 1)) }
    }
}
