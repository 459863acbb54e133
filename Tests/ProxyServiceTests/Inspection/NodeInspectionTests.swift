import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import ProxyService

/// What `explain` and `plan` say, without a kernel.
@Suite struct NodeInspectionTests {
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

    @Test func `an explanation says of each virtual IP what the kernel has of it`() throws {
        let lines = try inspection().explanation(
            of: Self.web, port: nil, on: kernel([(1, weight: 1, connections: 3), (2, weight: 1, connections: 4)]))
        #expect(
            lines == [
                "Service shop/web",
                "  IPv6: this node does not serve the family",
                "  IPv4 port shop/web:http (TCP)",
                "    cluster IP TCP 10.96.0.1:80: 2 of the cluster list",
                "      kernel: as planned, 7 active connections",
                "    endpoint 10.244.0.1:8080 on this node: cluster list: ready; "
                    + "local list: no traffic policy uses the list",
                "    endpoint 10.244.0.2:8080 on this node: cluster list: ready; "
                    + "local list: no traffic policy uses the list",
            ])
    }

    @Test func `an explanation names the Service that has a virtual IP, and those that do not get it`() throws {
        var taker = Sample.service("aaa", 9)
        taker.name.namespace = "aaa"
        taker.externalIPs = [Self.server.address]
        let inspection = try inspection { $0.updates.append(.service(taker)) }
        let kernel = kernel([(1, weight: 1, connections: 0), (2, weight: 1, connections: 0)])
        let winner = try #require(inspection.explanation(of: Self.web, port: nil, on: kernel))
        #expect(winner.contains("      wanted too, and not given to aaa/aaa:http (external IP)"))
        let loser = try #require(inspection.explanation(of: taker.name, port: nil, on: kernel))
        let place = try #require(loser.firstIndex { $0.contains("external IP TCP 10.96.0.1:80") })
        #expect(
            loser[(place + 1)...].prefix(2) == [
                "      taken by shop/web:http (cluster IP): aaa/aaa gets nothing of it",
                "      kernel: as planned, 0 active connections",
            ])
    }

    @Test func `each difference between kernel and plan has a line`() throws {
        let other = try #require(Scheduler("wlc"))
        let kernel = kernel(
            scheduler: other,
            [(2, weight: 5, connections: 0), (7, weight: 0, connections: 2), (8, weight: 1, connections: 0)])
        let lines = try #require(try inspection().explanation(of: Self.web, port: "80", on: kernel))
        #expect(
            lines.filter { $0.contains("kernel: ") }.map { $0.drop { $0 == " " } } == [
                "kernel: has it with scheduler wlc, no persistence, not scheduler rr, no persistence",
                "kernel: lacks real server 10.244.0.1:8080",
                "kernel: has real server 10.244.0.2:8080 with weight 5, not 1",
                "kernel: 10.244.0.7:8080 drains: weight 0, 2 connections",
                "kernel: has real server 10.244.0.8:8080, which is not planned",
            ])
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
        let lines = try #require(inspection.explanation(of: Self.web, port: nil, on: unreadable))
        #expect(
            lines.suffix(2) == [
                "rejected: Service shop/web: spec.ports[1].port: 0 is no port", "kernel: no permission",
            ])
        #expect(lines.count { $0.contains("kernel: ") } == 1)
    }

    @Test(arguments: ["http", "80"])
    func `a port is chosen by its name or its number`(port: String) throws {
        #expect(try inspection().explanation(of: Self.web, port: port, on: kernel([])) != nil)
    }

    @Test(arguments: [("shop", "web", "8080"), ("shop", "nope", nil), ("web", "shop", nil)])
    func `there is no explanation of what is not there`(namespace: String, name: String, port: String?) throws {
        let name = ObjectName(namespace: namespace, name: name)
        #expect(try inspection().explanation(of: name, port: port, on: kernel([])) == nil)
    }

    @Test func `a plan is empty once a pass has been made, and names what has changed since`() async throws {
        let fake = FakeDataplane()
        let keeper = SettingsKeeper([KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way")])
        let settings = FakeSettings(["net/ipv4/ip_forward": "1"])
        var dataplane = fake.dataplane
        dataplane.settings = settings
        let inspection = try inspection()
        func changes() async -> (texts: [String], count: ChangeCount, failures: [String]) {
            var changes: [RehearsedChange] = []
            let failures = await inspection.rehearse(over: dataplane, keeper) { changes.append($0) }
            var count = ChangeCount()
            for change in changes { count.add(change) }
            return (changes.map(\.description), count, failures)
        }
        let before = await changes()
        #expect(before.texts.contains("add virtual server TCP 10.96.0.1:80 with scheduler rr"))
        #expect(before.failures == [])
        #expect(before.count.counts[.virtualServer] == 1 && before.count.counts[.realServer] == 2)
        #expect(before.count.description.hasPrefix("\(before.count.total) changes: "))
        #expect(before.count.description.hasSuffix(", 1 virtual server, 2 real servers, 1 address"))
        #expect(fake.journal == [])

        let reports = PassReports()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: reports)
        #expect(!reports.all.contains { !$0.isComplete })
        let settled = await changes()
        #expect(settled.texts == [] && settled.failures == [])
        #expect(settled.count.description == "no changes")

        fake.addresses.bound = []
        settings.values["net/ipv4/ip_forward"] = "0"
        let drifted = await changes()
        #expect(drifted.texts == ["write 1 to net/ipv4/ip_forward", "bind 10.96.0.1"])
        #expect(drifted.count.description == "2 changes: 1 setting, 1 address")
        #expect(fake.addresses.bound == [])
    }

    @Test func `what could not be read is told, and the rest is planned`() async throws {
        let fake = FakeDataplane()
        fake.rules.brokenFamilies = [.v4]
        var changes: [String] = []
        let failures = try await inspection().rehearse(over: fake.dataplane, SettingsKeeper([])) {
            changes.append($0.description)
        }
        #expect(failures.count == 1)
        #expect(changes.contains("bind 10.96.0.1"))
    }
}
