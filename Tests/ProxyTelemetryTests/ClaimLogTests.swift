// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import InMemoryLogging
import KubernetesHTTP
import KubernetesObjects
import KubernetesTesting
import Logging
import ServicePlan
import Synchronization
import Testing

@testable import ProxyTelemetry

struct ClaimLogTests {
    private static let id = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 443, transport: .tcp)

    /// Keeps what is logged, and the events.
    private final class Recorder: Sendable {
        private let handler = InMemoryLogHandler()
        private let kept = Mutex<[ClusterEvent]>([])

        var lines: [String] { handler.lines }
        var events: [ClusterEvent] { kept.withLock { $0 } }

        var log: ClaimLog {
            ClaimLog(logger: Logger(label: "test", factory: { _ in self.handler })) { event in
                self.kept.withLock { $0.append(event) }
            }
        }
    }

    private func party(_ service: String, _ claim: VirtualServer.Claim) -> Contest<ServicePortID>.Party {
        let parts = service.split(separator: "/").map(String.init)
        let name = ObjectName(namespace: parts[0], name: parts[1])
        return .init(owner: ServicePortID(service: name, port: "", transport: .tcp), claim: claim)
    }

    private func contest(
        _ holder: Contest<ServicePortID>.Party, _ others: [Contest<ServicePortID>.Party], id: VirtualServer.ID = id
    ) -> Contest<ServicePortID> {
        Contest(id: id, holder: holder, others: others)
    }

    @Test func `who does not get a virtual server is named once, in the log and by an event of that Service`() {
        let recorder = Recorder()
        var log = recorder.log
        let taken = contest(party("default/kubernetes", .clusterIP), [party("aaa/x", .externalIP)])
        log.note([taken])
        log.note([taken])
        #expect(
            recorder.lines == [
                "several Service ports want one virtual server; the others get nothing of it "
                    + "others=aaa/x (external IP) service-port=default/kubernetes (cluster IP) "
                    + "virtual-server=TCP 10.96.0.1:443"
            ])
        #expect(
            recorder.events == [
                ClusterEvent(
                    .warning, reason: "VirtualServerTaken", action: "SyncVirtualServers",
                    regarding: .service(namespace: "aaa", name: "x"),
                    note: "TCP 10.96.0.1:443, external IP of aaa/x, goes to default/kubernetes, whose cluster IP it is")
            ])
        log.note([contest(party("default/kubernetes", .clusterIP), [])])
        #expect(recorder.lines.last?.hasPrefix("a virtual server is no longer wanted twice") == true)
        #expect(recorder.events.count == 1)
    }

    @Test func `an address of others is told of once for a Service, whichever of its ports say it`() {
        let recorder = Recorder()
        var log = recorder.log
        let concern = AddressConcern(
            kind: .externalIP, address: IPAddress(v4: 0x0a00_0001), reason: .apiServer, isAttracted: false)
        let ids = ["a", "b"].map {
            ServicePortID(service: ObjectName(namespace: "aaa", name: "x"), port: $0, transport: .tcp)
        }
        for _ in 0..<2 {
            for id in ids { log.note([concern], of: id, .v4) }
            // The other family knows nothing of it.
            for id in ids { log.note([], of: id, .v6) }
        }
        let words = "external IP 10.0.0.1 is an address of the API server: the Service does not attract it"
        #expect(
            recorder.lines == [
                "a Service does not get an address that the node cannot do without addresses=\(words) service=aaa/x"
            ])
        #expect(
            recorder.events == [
                ClusterEvent(
                    .warning, reason: "AddressNotAttracted", action: "SyncVirtualServers",
                    regarding: .service(namespace: "aaa", name: "x"), note: words)
            ])
        log.note([], of: ids[0], .v4)
        #expect(recorder.lines.count == 1)
        log.note([], of: ids[1], .v4)
        #expect(recorder.lines.last == "a Service no longer wants addresses of others service=aaa/x")
    }

    @Test func `a thousand Services with addresses of others make a few lines and events in a pass`() {
        let recorder = Recorder()
        var log = recorder.log
        let concern = AddressConcern(
            kind: .loadBalancer, address: IPAddress(v4: 0x0a00_0002), reason: .otherHost, isAttracted: true)
        for number in 0..<1000 {
            let name = ObjectName(namespace: "aaa", name: "x\(number)")
            log.note([concern], of: ServicePortID(service: name, port: "", transport: .tcp), .v4)
        }
        #expect(recorder.lines.count == 21)
        #expect(recorder.events.count == 20)
        #expect(recorder.events[0].reason == "AddressOfOtherHost")
        log.beginPlanning()
        log.note([concern], of: ServicePortID(service: Sample.service("web").name, port: "", transport: .tcp), .v4)
        #expect(recorder.events.count == 21)
    }

    @Test func `who loses it to an older one is told`() {
        let recorder = Recorder()
        var log = recorder.log
        log.note([contest(party("a/one", .externalIP), [party("b/two", .externalIP)])])
        log.note([contest(party("c/three", .externalIP), [party("a/one", .externalIP), party("b/two", .externalIP)])])
        #expect(recorder.events.map(\.regarding.name) == ["two", "one", "two"])
    }

    @Test func `a thousand Services that want one address, or one that wants a thousand, make a few lines and events`()
    {
        let recorder = Recorder()
        var log = recorder.log
        log.note([
            contest(party("default/kubernetes", .clusterIP), (0..<1000).map { party("aaa/x\($0)", .externalIP) })
        ])
        #expect(recorder.lines.count == 1)
        #expect(recorder.lines[0].utf8.count < 500)
        #expect(recorder.lines[0].contains("995 more"))
        #expect(recorder.events.count == 20)

        log.note(
            (0..<1000 as Range<UInt16>).map { port in
                let id = VirtualServer.ID(address: Self.id.address, port: 1000 + port, transport: .tcp)
                return contest(party("shop/web", .nodePort), [party("bbb/y", .externalIP)], id: id)
            })
        #expect(recorder.lines.count == 22)
        #expect(recorder.lines.last?.contains("count=980") == true)
        #expect(recorder.events.count == 21)
        #expect(recorder.events.last?.note.hasSuffix("so do 999 more") == true)
    }
}
