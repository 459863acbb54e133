// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Logging
import NodeStartup
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import NodeInspection

/// `explain` of one Service in a cluster and a kernel that have thousands.
@Suite(.timeLimit(.minutes(5))) struct OneServiceTests {
    private static let web = ObjectName(namespace: "shop", name: "web")

    private func service(_ name: String, _ number: UInt32, _ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Sample.service(name, number)
        service.kind = .loadBalancer
        change(&service)
        return service
    }

    /// `web`, one that wants its external IP too, one of the same name elsewhere, and many others.
    private func prepare(_ api: FakeAPIServer) {
        api.set(.ownNode())
        api.set(.service(service("web", 1) { $0.externalIPs = [IPAddress(v4: 0x0a63_0001)] }))
        api.set(.endpointSlice(Sample.slice("web")))
        api.set(.service(service("rival", 2) { $0.loadBalancerVIPs = [IPAddress(v4: 0x0a63_0001)] }))
        api.set(.endpointSlice(Sample.slice("rival", endpoints: 3)))
        var other = service("web", 3)
        other.name.namespace = "other"
        api.set(.service(other))
        for number in 10..<200 as Range<UInt32> {
            api.set(.service(service("s\(number)", number)))
            api.set(.endpointSlice(Sample.slice("s\(number)")))
        }
    }

    private func snapshot(
        about name: ObjectName?,
        _ prepare: (FakeAPIServer) -> Void
    ) async throws -> (ObjectSnapshot, [ServerRequest]) {
        let api = FakeAPIServer()
        prepare(api)
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "node-1").settings
        return try await HTTPAPIServer.run(api) { server in
            let connection = try ClusterConnection.find(
                kubeconfig: "", server: "http://127.0.0.1:\(server.port)", environment: [:])
            let objects = try await ObjectSnapshot(
                of: .cluster(connection), settings: settings, about: name, version: "test",
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            return (objects, api.requests)
        }
    }

    @Test func `one Service is asked for with its slices, and of others those stay that want what it wants`()
        async throws
    {
        let (objects, requests) = try await snapshot(about: Self.web, prepare)
        #expect(
            Set(objects.updates.map(Self.text)) == ["service web", "service rival", "slice web-1", "slice rival-1"])
        #expect(objects.node?.name == "node-1")
        // All slices of a cluster are many times as much as its Services.
        #expect(!requests.contains { $0.path == "/apis/discovery.k8s.io/v1/endpointslices" })
        #expect(requests.count == 5, "\(requests.map(\.path))")
    }

    @Test func `the explanation is the same as when all objects are read`() async throws {
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "node-1").settings
        var texts: [[String]] = []
        for about in [Self.web, nil] {
            let objects = try await snapshot(about: about, prepare).0
            let inspection = NodeInspection(
                settings: settings, families: [.v4], objects: objects, interfaceAddresses: [])
            let facts = NodeInspection.KernelFacts(
                view: KernelView { (_) throws(DataplaneError) in nil }, drift: KernelDrift(),
                desired: inspection.desired,
                listeningPorts: nil)
            texts.append(try #require(inspection.report(on: Self.web, port: nil, facts)).lines)
        }
        #expect(texts[0] == texts[1])
        #expect(
            texts[0].contains { $0.contains("wanted too, and not given to") || $0.contains("taken by") }, "\(texts[0])")
    }

    @Test func `where many Services want one virtual server, their slices come in one request`() async throws {
        let (objects, requests) = try await snapshot(about: Self.web) { api in
            for number in 1...40 as ClosedRange<UInt32> {
                let name = number == 1 ? "web" : "s\(number)"
                api.set(.service(service(name, number) { $0.externalIPs = [IPAddress(v4: 0x0a63_0001)] }))
                api.set(.endpointSlice(Sample.slice(name)))
            }
            api.set(.service(service("else", 99)))
            api.set(.endpointSlice(Sample.slice("else")))
        }
        #expect(objects.updates.count == 80)
        #expect(requests.count == 4, "\(requests.map(\.path))")
    }

    @Test func `of a Service that is not there nothing else is asked`() async throws {
        let (objects, requests) = try await snapshot(about: ObjectName(namespace: "shop", name: "nope"), prepare)
        #expect(objects.updates.isEmpty)
        #expect(requests.count == 2)
    }

    @Test func `of the kernel nothing is read but what the Service wants, and what differs there shows`() async throws {
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "here").settings
        var all = ObjectSnapshot()
        for number in 1...50 as ClosedRange<UInt32> {
            all.updates += [.service(Sample.service("s\(number)", number)), .slice(Sample.slice("s\(number)"))]
        }
        func inspection(_ objects: ObjectSnapshot) -> NodeInspection {
            NodeInspection(settings: settings, families: [.v4], objects: objects, interfaceAddresses: [])
        }
        let fake = FakeDataplane()
        await inspection(all).nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        fake.sets.sets["KUBE-CLUSTER-IP"]?.members.remove(.ipPort(IPAddress(v4: 0x0a60_0003), .tcp, 80))
        fake.addresses.bound.remove(IPAddress(v4: 0x0a60_0004))

        func drift(_ name: String) async throws -> [String] {
            var one = all
            one.keep(only: ObjectName(namespace: "shop", name: name))
            let inspection = inspection(one)
            let wanted = Set(
                inspection.table.servicePorts.flatMap {
                    inspection.table.plan(of: $0, in: .v4).contribution.subjects(.v4)
                })
            var lines: [String] = []
            let shown = fake.dataplane.showing(wanted.contains)
            var seen = 0
            var reading = KernelReading<Void>()
            while try shown.ipvs.listVirtualServers(&reading, { _ in seen += 1 }) == .more {}
            #expect(seen == 1)
            #expect(try shown.addresses.boundAddresses(of: .v4).count <= 1)
            let failures = await inspection.rehearse(over: shown, SettingsKeeper([])) { lines.append("\($0)") }
            #expect(failures.isEmpty)
            return lines
        }
        #expect(try await drift("s2").isEmpty)
        #expect(try await drift("s3") == ["add 10.96.0.3,tcp:80 to KUBE-CLUSTER-IP"])
        #expect(try await drift("s4") == ["bind 10.96.0.4"])
    }

    private static func text(_ update: ObjectUpdate) -> String {
        switch update {
        case .service(let service): "service \(service.name.name)"
        case .slice(let slice): "slice \(slice.name.name)"
        case .serviceRemoved, .sliceRemoved: "removed"
        }
    }
}
