// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneTesting
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Logging
import NodeStatus
import Reconcile
import Synchronization
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// The way from the API server's objects to the data plane: over a real connection, into fakes of the kernel.
@Suite(.timeLimit(.minutes(5))) struct ClusterServiceTests {
    @Test func `a Service and its endpoints reach IPVS, and go with their objects`() async throws {
        try await Self.follow { api, journal in
            api.set(.web)
            api.set(.webSlice([1, 2]))
            await journal.wait { $0.contains { $0.contains("add real server") && $0.contains("10.244.1.2") } }

            api.set(.webSlice([1]))
            await journal.wait { $0.contains { $0.contains("edit real server") || $0.contains("remove real server") } }
            api.delete(KubernetesObject.web.id)
            await journal.wait { $0.contains { $0.contains("remove virtual server") } }
        }
    }

    @Test
    func `before all lists have been read, sets and rules are made and nothing of a Service`() async throws {
        let unavailable = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "not now")
        try await Self.follow(prepare: { api in
            api.set(.web)
            api.set(.webSlice([1]))
            for _ in 0..<1000 { api.inject(.listRefused(unavailable), .endpointSlice) }
        }) { api, journal in
            await api.wait { api in
                // A streaming list is one request with its watch.
                api.requests.contains { $0.path.hasSuffix("/services") }
                    && api.requests.count { $0.path.hasSuffix("/endpointslices") } >= 2
            }
            await journal.wait { $0.contains { $0.hasPrefix("rules") } }
            #expect(journal.lines.allSatisfy { $0.hasPrefix("ipset create") || $0.hasPrefix("rules") })
            api.withdrawFaults(.endpointSlice)
            await journal.wait { $0.contains { $0.contains("add real server") && $0.contains("10.244.1.1") } }
        }
    }

    @Test func `while the server fails the data plane stays as it is, and follows once it is back`() async throws {
        let unavailable = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "not now")
        try await Self.follow { api, journal in
            api.set(.web)
            api.set(.webSlice([1, 2]))
            await journal.wait { lines in
                // The address comes last in the first pass.
                lines.contains { $0.contains("add real server") && $0.contains("10.244.1.2") }
                    && lines.contains { $0.hasPrefix("address bind") }
            }
            let before = journal.lines

            for kind in [KubernetesObject.Kind.service, .endpointSlice, .node] {
                for _ in 0..<3 { api.inject(.watchRefused(unavailable), kind) }
            }
            await api.wait { $0.waitingFaults <= 3 }
            #expect(journal.lines == before)

            api.set(.webSlice([1, 2, 3]))
            await journal.wait { $0.contains { $0.contains("add real server") && $0.contains("10.244.1.3") } }
            #expect(journal.lines.count == before.count + 1 || journal.lines.count == before.count + 2)
        }
    }

    @Test func `where the Node's podCIDRs tell local traffic, rules wait for them and follow them`() async throws {
        try await Self.follow(
            flags: ["--detect-local-mode", "NodeCIDR"],
            prepare: { api in
                api.set(.ownNode(podCIDRs: []))
                api.set(.web)
            }
        ) { api, journal in
            await api.wait { $0.openWatches == 3 }
            #expect(journal.lines.allSatisfy { $0.hasPrefix("ipset create") })

            api.set(.ownNode(podCIDRs: ["10.244.1.0/24"]))
            await journal.wait { $0.contains { $0.hasPrefix("rules") && $0.contains("10.244.1.0/24") } }
            api.set(.ownNode(podCIDRs: ["10.244.7.0/24"]))
            await journal.wait { $0.contains { $0.hasPrefix("rules") && $0.contains("10.244.7.0/24") } }
        }
    }

    // MARK: Support

    /// Runs the proxy against an API server while `body` runs.
    private static func follow(
        flags: [String] = [],
        prepare: (FakeAPIServer) -> Void = { _ in },
        _ body: @escaping @Sendable (FakeAPIServer, Journal) async throws -> Void
    ) async throws {
        let api = FakeAPIServer()
        api.set(.ownNode())
        prepare(api)
        let journal = Journal()
        try await HTTPAPIServer.run(api) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await runProxy(flags: flags, server: "http://127.0.0.1:\(server.port)", journal) }
                group.addTask { try await body(api, journal) }
                // The proxy does not end by itself, unless by an error.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func runProxy(flags: [String] = [], server: String, _ journal: Journal) async throws {
        let flags = try KubeProxyFlags.parse(["--ipvs-min-sync-period", "0s"] + flags)
        let settings = try flags.load(file: nil, hostname: "node-1").settings
        let connection = try ClusterConnection.find(kubeconfig: "", server: server, environment: [:])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let note: (String) -> Void = { journal.append($0) }
        let dataplane = Dataplane(
            ipvs: FakeIPVS(onChange: note),
            sets: FakeIPSet(onChange: note),
            addresses: FakeAddresses(onChange: note),
            rules: RecordedRules(note),
            conntrack: FakeConntrack()
        )
        let metrics = ProxyMetrics(
            families: [.v4], build: BuildFacts(version: "test", featureGates: settings.featureGates))
        let health = HealthBoard(families: [.v4], timeout: settings.syncPeriod * 2, needsNode: true)
        let proxy = ServiceProxy(
            settings: settings,
            families: [.v4],
            dataplane: dataplane,
            settingsKeeper: SettingsKeeper([]),
            metrics: metrics,
            health: health,
            healthCheckPorts: HealthCheckPorts(health: health, logger: logger),
            logger: logger
        )
        let service = ClusterService(
            client: ClusterClient(connection, version: "test", logger: logger),
            settings: settings,
            proxy: proxy,
            metrics: metrics,
            status: StatusBoard(families: [.v4], start: .now),
            logger: logger
        )
        await proxy.replaceInterfaceAddresses([IPAddress(v4: 0x0a00_0001)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await proxy.run() }
            group.addTask { try await service.run() }
            try await group.waitForAll()
        }
    }
}

/// What was written to the fakes, in order.
private final class Journal: Sendable {
    private let content = Mutex<[String]>([])

    var lines: [String] { content.withLock { $0 } }

    func append(_ line: String) {
        content.withLock { $0.append(line) }
    }

    /// Returns when a condition holds, or when the task is cancelled.
    func wait(until condition: @Sendable ([String]) -> Bool) async {
        while !condition(lines), !Task.isCancelled {
            // Cancellation ends the sleep early, and the loop with it.
            try? await Task.sleep(for: .milliseconds(2))
        }
    }
}

/// Fake rules whose text is written down.
private final class RecordedRules: RulesDataplane {
    private let rules = FakeRules()
    private let note: (String) -> Void

    init(_ note: @escaping (String) -> Void) {
        self.note = note
    }

    var supportsRandomFully: Bool { rules.supportsRandomFully }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        rules.fingerprint(family)
    }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        try await rules.save(family)
    }

    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        try await rules.restore(input, family)
        note("rules \(input)")
    }
}
