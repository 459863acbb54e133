// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesTesting
import Logging
import NodeStartup
import NodeSync
import Reconcile
import ServicePlan
import SystemTesting
import Testing

@testable import NodeInspection

/// `plan` of a cluster that is planned in parts.
@Suite(.timeLimit(.minutes(5))) struct PartedPlanTests {
    private static let nodeAddress = IPAddress(v4: 0x0a00_0001)

    /// Services of all kinds, some of which want what others want.
    private static func objects(_ random: inout SeededGenerator) -> ([Service], [EndpointSlice]) {
        let services = (1...120 as ClosedRange<UInt32>).map { number in
            var service = Sample.service("s\(number)", number)
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                service.kind = .loadBalancer
                // One address for several Services, some with the same port.
                service.loadBalancerVIPs = [IPAddress(v4: 0x0a63_0001 + .random(in: 0..<3, using: &random))]
                service.ports[0].port = .random(in: 80..<90, using: &random)
            case 1:
                service.kind = .nodePort
                service.ports[0].nodePort = .random(in: 30000..<30040, using: &random)
            case 2:
                service.externalIPs = [Bool.random(using: &random) ? nodeAddress : IPAddress(v4: 0x0a60_0001)]
                service.ports[0].port = .random(in: 30000..<30040, using: &random)
            default: break
            }
            return service
        }
        return (services, services.map { Sample.slice($0.name.name, endpoints: .random(in: 0..<4, using: &random)) })
    }

    private static func inspection(_ objects: ObjectSnapshot) throws -> NodeInspection {
        NodeInspection(
            settings: try settings(), families: [.v4], objects: objects, interfaceAddresses: [nodeAddress])
    }

    private static func settings() throws -> EffectiveSettings {
        try KubeProxyFlags.parse(["--nodeport-addresses", "10.0.0.0/24"]).load(file: nil, hostname: "node-1").settings
    }

    /// A kernel that has what some other objects call for.
    private static func kernel(_ random: inout SeededGenerator, isEmpty: Bool) async throws -> FakeDataplane {
        let fake = FakeDataplane()
        guard !isEmpty else { return fake }
        var before = ObjectSnapshot()
        let (services, slices) = objects(&random)
        before.updates = services.shuffled(using: &random).prefix(80).map { .service($0) } + slices.map { .slice($0) }
        try await inspection(before).nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        return fake
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `a plan in parts has the lines of a plan as a whole`(seed: UInt64) async throws {
        let api = FakeAPIServer()
        api.set(.ownNode())
        try await HTTPAPIServer.run(api) { server in
            var random = SeededGenerator(seed: seed)
            let fake = try await Self.kernel(&random, isEmpty: seed == 0)
            let (services, slices) = Self.objects(&random)
            for service in services { api.set(.service(service)) }
            for slice in slices { api.set(.endpointSlice(slice)) }

            let connection = try ClusterConnection.find(
                kubeconfig: "", server: "http://127.0.0.1:\(server.port)", environment: [:])
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let objects = try await ObjectSnapshot(
                of: .cluster(connection), settings: Self.settings(), version: "test", logger: logger)
            var whole: [RehearsedChange] = []
            let failures = try await Self.inspection(objects)
                .rehearse(over: fake.dataplane, SettingsKeeper([])) { whole.append($0) }
            #expect(failures.isEmpty && (!whole.isEmpty))

            var reading = PartedReading(
                ClusterClient(connection, version: "test", logger: logger), connection, try Self.settings())
            #expect(try await reading.divide(by: 30) == 4)
            var parted: [RehearsedChange] = []
            var sizes: [Int] = []
            let partFailures = try await NodeInspection.rehearse(
                &reading, over: fake.dataplane, SettingsKeeper([]),
                inspect: {
                    sizes.append($0.updates.count)
                    return try Self.inspection($0)
                }
            ) { parted.append($0) }
            #expect(partFailures.isEmpty)
            #expect(parted.map(\.description).sorted() == whole.map(\.description).sorted())
            // Every object is in one part, and the last look has none.
            #expect(sizes.count == 5 && sizes.last == 0 && sizes.reduce(0, +) == objects.updates.count)
        }
    }
}
