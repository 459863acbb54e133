// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneTesting
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesTesting
import Logging
import NodeStatus
import Reconcile
import Testing

@testable import NodeDaemon
@testable import ProxyTelemetry

/// Which events an API server gets of Services and of the Node, over a real connection.
@Suite(.timeLimit(.minutes(5))) struct ClusterEventTests {
    @Test func `an invalid annotation, a refusal, a missing scheduler, an own address and a failed part make events`()
        async throws
    {
        let api = FakeAPIServer()
        api.set(.ownNode())
        try Self.set("typo", "10.96.0.61", annotations: "\"kube-ipvs.io/weights\": \"0\"", on: api)
        try Self.set("refused", "10.96.0.62", on: api)
        try Self.set("lacking", "10.96.0.63", annotations: "\"kube-ipvs.io/scheduler\": \"sed\"", on: api)
        try Self.set("own", "10.96.0.64", spec: ", \"externalIPs\": [\"10.0.0.1\"]", on: api)
        try await Self.run(api) {
            await api.wait { api in
                let wanted = [
                    "InvalidAnnotation typo", "KernelRefused refused", "SettingRefused lacking", "AddressOfNode own",
                    "DataplaneFailed node-1",
                ]
                return Set(wanted).isSubset(of: api.events.map(Self.subject))
            }
        }
        func event(_ subject: String) throws -> DocumentNode {
            try #require(api.events.first { Self.subject(of: $0) == subject })
        }
        let typo = try event("InvalidAnnotation typo")
        #expect(typo["regarding", "namespace"]?.text == "shop")
        #expect(typo["type"]?.text == "Warning")
        #expect(
            typo["note"]?.text
                == "metadata.annotations[kube-ipvs.io/weights]: \"0\" has the weight \"0\": want 1 to 65535; the default is used"
        )
        #expect(try event("KernelRefused refused")["note"]?.text?.contains("10.96.0.62") == true)
        #expect(try event("SettingRefused lacking")["note"]?.text?.contains("no scheduler sed") == true)
        #expect(try event("AddressOfNode own")["type"]?.text == "Normal")
        #expect(try event("DataplaneFailed node-1")["note"]?.text?.hasPrefix("IPv4, iptables rules: ") == true)
    }

    @Test func `the same mistake made again counts up its event`() async throws {
        let api = FakeAPIServer()
        api.set(.ownNode())
        try Self.set("typo", "10.96.0.61", annotations: "\"kube-ipvs.io/weights\": \"0\"", on: api)
        try await Self.run(api) {
            await api.wait { api in api.events.contains { Self.subject(of: $0) == "InvalidAnnotation typo" } }
            try Self.set("typo", "10.96.0.61", annotations: "\"kube-ipvs.io/weights\": \"-1\"", on: api)
            await api.wait { api in
                api.events.contains {
                    Self.subject(of: $0) == "InvalidAnnotation typo" && $0["series", "count"]?.value == .integer(2)
                }
            }
        }
        #expect(api.events.count { Self.subject(of: $0) == "InvalidAnnotation typo" } == 1)
    }

    // MARK: Support

    private static func subject(of event: DocumentNode) -> String {
        "\(event["reason"]?.text ?? "-") \(event["regarding", "name"]?.text ?? "-")"
    }

    private static func set(
        _ name: String, _ clusterIP: String, annotations: String = "", spec: String = "", on api: FakeAPIServer
    ) throws {
        let text = """
            {"apiVersion": "v1", "kind": "Service",
             "metadata": {"name": "\(name)", "namespace": "shop", "annotations": {\(annotations)}},
             "spec": {"type": "ClusterIP", "clusterIP": "\(clusterIP)", "ports": [{"port": 80}]\(spec)}}
            """
        let document = try #require(try JSONReader.read(Array(text.utf8)))
        api.set(
            KubernetesObject.ID(kind: .service, name: ObjectName(namespace: "shop", name: name)), document)
    }

    /// Runs a proxy and what writes its events, while `body` runs. Its kernel lacks a scheduler, refuses a virtual server and has no
    /// iptables for IPv4.
    private static func run(_ api: FakeAPIServer, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await HTTPAPIServer.run(api) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await runProxy(server: "http://127.0.0.1:\(server.port)") }
                group.addTask { try await body() }
                // The proxy does not end by itself, unless by an error.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func runProxy(server: String) async throws {
        let flags = try KubeProxyFlags.parse(["--ipvs-min-sync-period", "0s"])
        let settings = try flags.load(file: nil, hostname: "node-1").settings
        let connection = try ClusterConnection.find(kubeconfig: "", server: server, environment: [:])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let fake = FakeDataplane()
        fake.ipvs.brokenAddresses = [IPAddress(v4: 0x0a60_003e)]
        fake.ipvs.missingSchedulers = ["sed"]
        fake.rules.brokenFamilies = [.v4]
        let client = ClusterClient(connection, version: "test", logger: logger)
        let events = client.eventRecorder(hostName: settings.nodeName, logger: logger)
        let metrics = ProxyMetrics(
            families: [.v4], build: BuildFacts(version: "test", featureGates: settings.featureGates))
        let health = HealthBoard(families: [.v4], timeout: settings.syncPeriod * 2, needsNode: true)
        let proxy = ServiceProxy(
            settings: settings, families: [.v4], dataplane: fake.dataplane, settingsKeeper: SettingsKeeper([]),
            metrics: metrics, health: health,
            healthCheckPorts: HealthCheckPorts(health: health, logger: logger), logger: logger,
            record: { events.record($0) })
        let service = ClusterService(
            client: client, settings: settings, proxy: proxy, metrics: metrics,
            status: StatusBoard(families: [.v4], start: .now), logger: logger,
            record: { events.record($0) })
        await proxy.replaceInterfaceAddresses([IPAddress(v4: 0x0a00_0001)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await events.run() }
            group.addTask { await proxy.run() }
            group.addTask { try await service.run() }
            try await group.waitForAll()
        }
    }
}
