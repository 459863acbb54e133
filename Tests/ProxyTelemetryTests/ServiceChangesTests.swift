// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

@testable import ProxyTelemetry

struct ServiceChangesTests {
    private static func contribution(_ endpoints: [UInt32]) -> Contribution {
        var contribution = Contribution()
        guard !endpoints.isEmpty else { return contribution }
        contribution.virtualServers = [
            VirtualServer(
                id: VirtualServer.ID(address: IPAddress(v4: 1), port: 80, transport: .tcp),
                configuration: VirtualServer.Configuration(
                    scheduler: .roundRobin, persistenceMask: VirtualServer.Configuration.singleClientMask(for: .v4)),
                realServers: endpoints.map { RealServer(id: RealServer.ID(address: IPAddress(v4: $0), port: 8080)) })
        ]
        return contribution
    }

    private static func id(_ name: String) -> ServicePortID {
        ServicePortID(service: ObjectName(namespace: "shop", name: name), port: "http", transport: .tcp)
    }

    @Test func `a pass names the Services that changed, and what it did`() {
        var changes = ServiceChanges()
        changes.note(Self.id("web"), .v4, from: Self.contribution([1, 2]), to: Self.contribution([1, 3]))
        changes.note(Self.id("idle"), .v4, from: Self.contribution([7]), to: Self.contribution([7]))
        let now = [Self.id("web"): Self.contribution([1, 3])]
        #expect(changes.take(.v6) { now[$0] ?? Contribution() } == [])
        #expect(
            changes.take(.v4) { now[$0] ?? Contribution() } == ["shop/web:http virtual servers 1, real servers +1 -1"])
        #expect(changes.take(.v4) { now[$0] ?? Contribution() } == [])
    }

    @Test func `what changed twice before a pass is told as the pass found it`() {
        var changes = ServiceChanges()
        changes.note(Self.id("web"), .v4, from: Self.contribution([1]), to: Self.contribution([1, 2]))
        changes.note(Self.id("web"), .v4, from: Self.contribution([1, 2]), to: Self.contribution([2]))
        changes.note(Self.id("back"), .v4, from: Self.contribution([1]), to: Self.contribution([]))
        changes.note(Self.id("back"), .v4, from: Self.contribution([]), to: Self.contribution([1]))
        let now = [Self.id("web"): Self.contribution([2]), Self.id("back"): Self.contribution([1])]
        #expect(
            changes.take(.v4) { now[$0] ?? Contribution() } == ["shop/web:http virtual servers 1, real servers +1 -1"])
    }

    @Test func `a pass over very many Services names some, and counts the others`() {
        var changes = ServiceChanges()
        for number in 0..<5000 {
            changes.note(Self.id("s\(number)"), .v4, from: Contribution(), to: Self.contribution([1]))
        }
        let lines = changes.take(.v4) { _ in Self.contribution([1]) }
        #expect(lines.count == ServiceChanges.limit + 1)
        #expect(lines.last == "and \(5000 - ServiceChanges.limit) more")
    }
}
