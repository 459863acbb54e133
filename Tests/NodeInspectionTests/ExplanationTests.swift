// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import NodeInspection

/// What `explain` says, without a kernel.
@Suite struct ExplanationTests {
    private static let web = ObjectName(namespace: "shop", name: "web")
    private static let server = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 80, transport: .tcp)

    private func inspection(_ change: (inout ObjectSnapshot) -> Void = { _ in }) throws -> NodeInspection {
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "here").settings
        var objects = ObjectSnapshot(updates: [.service(Sample.service("web")), .slice(Sample.slice("web"))])
        change(&objects)
        return NodeInspection(settings: settings, families: [.v4], objects: objects, interfaceAddresses: [])
    }

    /// A kernel that has one virtual server; its real servers by the last byte of their address.
    private func kernel(
        scheduler: Scheduler = .roundRobin,
        _ servers: [(UInt32, weight: UInt32, connections: UInt32)]
    ) -> KernelView {
        let observed = ObservedVirtualServer(
            identity: .address(Self.server),
            configuration: VirtualServer.Configuration(scheduler: scheduler, persistenceMask: .max),
            realServers: servers.map { number, weight, connections in
                let id = RealServer.ID(address: IPAddress(v4: 0x0af4_0000 + number), port: 8080)
                return ObservedRealServer(
                    realServer: RealServer(id: id, weight: weight), activeConnections: connections)
            }
        )
        return KernelView { (id) throws(DataplaneError) in id == Self.server ? observed : nil }
    }

    private func report(
        on name: ObjectName = ExplanationTests.web,
        port: String? = nil,
        _ inspection: NodeInspection,
        _ kernel: KernelView? = nil,
        _ drift: KernelDrift = KernelDrift(),
        listening: Set<UInt16>? = []
    ) -> ServiceReport? {
        return inspection.report(
            on: name, port: port,
            NodeInspection.KernelFacts(
                view: kernel ?? self.kernel([(1, 1, 0), (2, 1, 0)]), drift: drift,
                desired: inspection.desired, listeningPorts: listening))
    }

    // MARK: What the kernel has

    @Test func `a Service that works is said to, with what the kernel has of each virtual IP`() throws {
        let report = report(try inspection(), kernel([(1, weight: 1, connections: 3), (2, weight: 1, connections: 4)]))
        #expect(
            report?.lines == [
                "Service shop/web works",
                "  IPv6: this node does not serve the family",
                "  IPv4 port shop/web:http (TCP)",
                "    cluster IP TCP 10.96.0.1:80: 2 endpoints",
                "      kernel: has it as planned, with 7 active connections",
                "    endpoint 10.244.0.1:8080 on this node: used",
                "    endpoint 10.244.0.2:8080 on this node: used",
            ])
    }

    @Test func `each difference between kernel and plan has a line, and what drains is none`() throws {
        let other = try #require(Scheduler("wlc"))
        let kernel = kernel(
            scheduler: other,
            [(2, weight: 5, connections: 0), (7, weight: 0, connections: 2), (8, weight: 1, connections: 0)])
        let found = try #require(report(port: "80", try inspection(), kernel))
        #expect(
            found.lines.filter { $0.contains("      kernel: ") }.map { $0.drop { $0 == " " } } == [
                "kernel: has it with scheduler wlc, no persistence, not scheduler rr, no persistence",
                "kernel: lacks real server 10.244.0.1:8080",
                "kernel: has real server 10.244.0.2:8080 with weight 5, not 1",
                "kernel: has real server 10.244.0.8:8080, which is not planned",
                "kernel: lets 10.244.0.7:8080 drain: weight 0, 2 connections",
            ])
        #expect(
            found.verdict
                == "Service shop/web does not work as it should: cluster IP TCP 10.96.0.1:80: the kernel has it with "
                + "scheduler wlc, no persistence, not scheduler rr, no persistence")
        let draining = report(try inspection(), self.kernel([(1, 1, 0), (2, 1, 0), (7, 0, 2)]))
        #expect(draining?.isGood == true)
        #expect(draining?.lines.contains("      kernel: lets 10.244.0.7:8080 drain: weight 0, 2 connections") == true)
    }

    @Test(arguments: [false, true])
    func `a setting of the kernel is a trouble of Services where they do not work without it`(isVital: Bool)
        async throws
    {
        let inspection = try inspection()
        let fake = FakeDataplane()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        var dataplane = fake.dataplane
        dataplane.settings = FakeSettings(["net/netfilter/nf_conntrack_max": "1"])
        let setting = KernelSetting(
            "net/netfilter/nf_conntrack_max", .exactly(2), purpose: "room", isVital: isVital)
        var drift = KernelDrift()
        drift.failures = await inspection.rehearse(over: dataplane, SettingsKeeper([setting])) { drift.note($0) }
        let found = try #require(report(inspection, nil, drift))
        #expect(found.isGood == !isVital)
        #expect(found.remarks.count == (isVital ? 0 : 1))
    }

    @Test
    func `an address that is not bound, and an entry that a set lacks, are troubles, and those of others are not`()
        async throws
    {
        let other = ObjectName(namespace: "shop", name: "other")
        let inspection = try inspection { $0.updates.append(.service(Sample.service("other", 9))) }
        let fake = FakeDataplane()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        func drift() async -> KernelDrift {
            var drift = KernelDrift()
            drift.failures = await inspection.rehearse(over: fake.dataplane, SettingsKeeper([])) { drift.note($0) }
            return drift
        }
        let settled = await drift()
        #expect(report(inspection, nil, settled)?.isGood == true)

        fake.addresses.bound.remove(Self.server.address)
        fake.sets.sets["KUBE-CLUSTER-IP"]?.members.remove(.ipPort(Self.server.address, .tcp, 80))
        let drifted = await drift()
        let found = try #require(report(inspection, nil, drifted))
        #expect(
            found.troubles == [
                "the kernel lacks what belongs to it: the daemon would add 10.96.0.1,tcp:80 to KUBE-CLUSTER-IP, and 1 more"
            ])
        #expect(
            found.lines.suffix(2) == [
                "kernel: the daemon would add 10.96.0.1,tcp:80 to KUBE-CLUSTER-IP",
                "kernel: the daemon would bind 10.96.0.1",
            ])
        let others = try #require(report(on: other, inspection, nil, drifted))
        #expect(!others.troubles.contains { $0.contains("the daemon would") })
    }

    @Test func `rules that the node lacks are a trouble of each Service`() async throws {
        let inspection = try inspection()
        let fake = FakeDataplane()
        var drift = KernelDrift(wanted: [])
        drift.failures = await inspection.rehearse(over: fake.dataplane, SettingsKeeper([])) { drift.note($0) }
        let found = try #require(report(inspection, nil, drift))
        #expect(found.troubles.count == 1)
        #expect(found.troubles.first?.hasPrefix("this node is not as any Service needs it: ") == true)
        #expect(found.troubles.first?.contains(" rules to be made (`kube-ipvs plan` names them)") == true)
    }

    @Test func `a kernel that cannot be asked is said once, and what was rejected of the Service is told`() throws {
        let rejection = Rejection(
            kind: "Service", object: Self.web, field: "spec.ports[1].port", reason: .invalidPort,
            explanation: "0 is no port")
        let other = Rejection(
            kind: "Service", object: ObjectName(namespace: "shop", name: "other"), field: "spec", reason: .malformed,
            explanation: "x")
        let inspection = try inspection { $0.rejections = [rejection, other] }
        let unreadable = KernelView(notes: ["kernel: no permission"]) { (_) throws(DataplaneError) in nil }
        let found = try #require(report(inspection, unreadable))
        #expect(
            found.details.suffix(2) == [
                "rejected: Service shop/web: spec.ports[1].port: 0 is no port", "kernel: no permission",
            ])
        #expect(found.troubles.count == 2)
        #expect(found.lines.count { $0.contains("kernel: ") } == 1)
    }

    // MARK: What others have

    @Test func `an explanation names the Service that has a virtual IP, and those that do not get it`() throws {
        var taker = Sample.service("aaa", 9)
        taker.name.namespace = "aaa"
        taker.externalIPs = [Self.server.address]
        let inspection = try inspection { $0.updates.append(.service(taker)) }
        let winner = try #require(report(inspection))
        #expect(winner.isGood)
        #expect(winner.lines.contains("      wanted too, and not given to aaa/aaa:http (external IP)"))
        let loser = try #require(report(on: taker.name, inspection))
        #expect(loser.troubles.contains("external IP TCP 10.96.0.1:80 is taken by shop/web:http (cluster IP)"))
        let place = try #require(loser.lines.firstIndex { $0.contains("external IP TCP 10.96.0.1:80: ") })
        #expect(
            loser.lines[(place + 1)...].prefix(2) == [
                "      taken by shop/web:http (cluster IP): aaa/aaa gets nothing of it",
                "      kernel: has it as planned, with 0 active connections",
            ])
    }

    // MARK: Endpoints

    private func report(_ slice: EndpointSlice?, _ change: (inout Service) -> Void = { _ in }) throws -> ServiceReport?
    {
        var service = Sample.service("web")
        change(&service)
        let inspection = try inspection {
            $0.updates = [.service(service)] + (slice.map { [.slice($0)] } ?? [])
        }
        let bare = KernelView { (id) throws(DataplaneError) in
            ObservedVirtualServer(
                identity: .address(id),
                configuration: VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max),
                realServers: [])
        }
        return report(inspection, bare)
    }

    private func verdict(_ slice: EndpointSlice?) throws -> String? {
        try report(slice)?.verdict
    }

    @Test func `a Service without slices, without the port, or without a ready endpoint says so in its first line`()
        throws
    {
        let bad = "Service shop/web does not work as it should: "
        #expect(try verdict(nil) == bad + "it has no EndpointSlice: does its selector match a pod?")
        #expect(
            try verdict(Sample.slice("web", endpoints: 0)) == bad
                + "port http has no endpoint of IPv4: its EndpointSlices are empty")
        var slice = Sample.slice("web")
        slice.ports[0].name = "web"
        #expect(
            try verdict(slice) == bad
                + "no EndpointSlice has port http (TCP, IPv4): compare the port's name with those of the slices")
        slice = Sample.slice("web")
        for index in slice.endpoints.indices {
            slice.endpoints[index].isReady = false
            slice.endpoints[index].isServing = false
        }
        #expect(try verdict(slice) == bad + "port http: none of its 2 endpoints of IPv4 is ready")
        slice = Sample.slice("web")
        slice.family = .v6
        slice.endpoints = []
        #expect(try verdict(slice) == bad + "it has no EndpointSlice of IPv4")
    }

    @Test func `a traffic policy that keeps to a node without endpoints is a remark and no trouble`() throws {
        var slice = Sample.slice("web")
        for index in slice.endpoints.indices { slice.endpoints[index].nodeName = "elsewhere" }
        let report = try #require(try report(slice) { $0.internalTrafficPolicy = .local })
        #expect(
            report.verdict
                == "Service shop/web works; port http: cluster IP of IPv4 is not served by this node: no endpoint is "
                + "here, and the traffic policy is Local")
        #expect(report.lines.contains("    cluster IP TCP 10.96.0.1:80: no endpoint on this node"))
        #expect(report.lines.contains("    endpoint 10.244.0.1:8080 on elsewhere: not used: on another node"))
    }

    @Test func `a health-check node port that nobody listens at is a trouble`() throws {
        let inspection = try inspection {
            $0.updates[0] = .service(Sample.service("web", healthCheckNodePort: 31_999))
        }
        let open = try #require(report(inspection, listening: [31_999]))
        #expect(open.isGood && open.details.contains("health-check node port 31999: open"))
        let closed = try #require(report(inspection, listening: [80]))
        #expect(closed.troubles.first?.hasPrefix("nobody listens at health-check node port 31999") == true)
        #expect(report(inspection, listening: nil)?.isGood == true)
    }

    @Test func `a port that is listened at is read from the kernel's table`() {
        let line =
            "   1: 00000000:7CFF 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
        #expect(ListeningPorts.port(listeningIn: line) == 31_999)
        #expect(ListeningPorts.port(listeningIn: line.replacing(" 0A ", with: " 01 ")) == nil)
        #expect(ListeningPorts.port(listeningIn: "  sl  local_address rem_address   st tx_queue rx_queue\n") == nil)
        let six =
            "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000\n"
        #expect(ListeningPorts.port(listeningIn: six) == 8080)
    }

    // MARK: What is asked

    @Test(arguments: ["http", "80"])
    func `a port is chosen by its name or its number`(port: String) throws {
        #expect(report(port: port, try inspection()) != nil)
    }

    @Test(arguments: [("shop", "web", "8080"), ("shop", "nope", nil), ("web", "shop", nil)])
    func `there is no explanation of what is not there`(namespace: String, name: String, port: String?) throws {
        #expect(report(on: ObjectName(namespace: namespace, name: name), port: port, try inspection()) == nil)
    }

    @Test func `as JSON it has the keys that are documented`() throws {
        var slice = Sample.slice("web")
        slice.endpoints[1].nodeName = nil
        slice.endpoints[1].isReady = false
        slice.endpoints[1].isServing = false
        let inspection = try inspection { $0.updates[1] = .slice(slice) }
        let json = try #require(report(inspection, kernel([(1, 1, 0)]))?.json)
        #expect(
            String(decoding: json.text, as: UTF8.self) == #"""
                {"namespace":"shop","name":"web","works":true,"troubles":[],"remarks":[],"ports":[{"name":"http","protocol":"TCP",\#
                "family":"IPv4","virtualIPs":[{"kind":"clusterIP","address":"10.96.0.1","port":80,"endpoints":["10.244.0.1:8080"],\#
                "notes":["kernel: has it as planned, with 0 active connections"]}],"endpoints":[\#
                {"address":"10.244.0.1","port":8080,"node":"here","slice":"web-1","used":true,"use":"used"},\#
                {"address":"10.244.0.2","port":8080,"node":null,"slice":"web-1","used":false,"use":"not used: not ready"}]}],\#
                "notes":[]}
                """#)
    }
}
