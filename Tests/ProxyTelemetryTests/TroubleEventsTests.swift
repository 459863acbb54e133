// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesHTTP
import KubernetesObjects
import Reconcile
import ServicePlan
import Synchronization
import Testing

@testable import ProxyTelemetry

struct TroubleEventsTests {
    private final class Events: Sendable {
        private let kept = Mutex<[ClusterEvent]>([])
        var all: [ClusterEvent] { kept.withLock { $0 } }
        func append(_ event: ClusterEvent) { kept.withLock { $0.append(event) } }
    }

    private let events = Events()

    private var troubles: TroubleEvents {
        TroubleEvents(nodeName: "node-1") { [events] in events.append($0) }
    }

    private let none = DesiredState<ServicePortID>()

    private func report(_ mode: PassMode, failing parts: [DataplaneError.Part]) -> PassReport {
        var report = PassReport(family: .v6, mode: mode)
        report.failures = parts.map { DataplaneError(part: $0, number: 1, explanation: "not permitted") }
        return report
    }

    @Test func `a part that fails is an event of the Node when it begins and when it is over`() {
        var troubles = troubles
        troubles.note(report(.verify, failing: [.ipset]), none)
        troubles.note(report(.verify, failing: [.ipset]), none)
        // It has not looked at the sets.
        troubles.note(report(.changes, failing: []), none)
        troubles.note(rules: report(.rules, failing: []))
        #expect(events.all.map(\.reason) == ["DataplaneFailed"])
        #expect(events.all.first?.regarding == .node(named: "node-1"))
        #expect(events.all.first?.note == "IPv6, sets: not permitted (errno 1)")
        troubles.note(report(.verify, failing: []), none)
        #expect(events.all.map(\.reason) == ["DataplaneFailed", "DataplaneRecovered"])
    }

    @Test func `what the kernel refuses is an event of the Service that wants it, once`() {
        let address = IPAddress(v4: 0x0a60_0001)
        let server = VirtualServer.ID(address: address, port: 80, transport: .tcp)
        let owner = ServicePortID(
            service: ObjectName(namespace: "shop", name: "web"), port: "http", transport: .tcp)
        var desired = DesiredState<ServicePortID>()
        var touched = TouchedObjects()
        var contribution = Contribution()
        contribution.virtualServers = [
            VirtualServer(
                id: server,
                configuration: VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max))
        ]
        desired.replaceContribution(of: owner, with: contribution, touched: &touched)

        let refusal = Refusal(
            kind: .virtualServer, attempt: "add virtual server \(server)",
            error: DataplaneError(part: .ipvs, number: 22, explanation: "Invalid argument"))
        func report(_ names: [KernelObjectName]) -> PassReport {
            var report = PassReport(family: .v4, mode: .changes)
            report.refusals = names.map { _ in refusal }
            report.standing = RefusedObjects(
                Dictionary(uniqueKeysWithValues: names.map { ($0, refusal) }), at: .now)
            return report
        }
        let names: [KernelObjectName] = [
            .virtualServer(server), .address(address),
            .setEntry(SetMembership(.clusterIP, .ipPort(address, .tcp, 80))),
        ]
        var troubles = troubles
        troubles.note(report(names), desired)
        troubles.note(report(names), desired)
        #expect(events.all.map(\.reason) == ["KernelRefused"])
        #expect(events.all.first?.regarding == .service(namespace: "shop", name: "web"))
        #expect(
            events.all.first?.note
                == "the kernel refuses to add virtual server TCP 10.96.0.1:80: Invalid argument (errno 22); and 2 more")
        troubles.note(report([]), desired)
        troubles.note(report(names), desired)
        #expect(events.all.count == 2)
    }

    @Test func `an object of which parts are rejected makes one event, and a slice is told of its Service`() {
        func rejection(_ kind: String, _ name: String, _ reason: Rejection.Reason, field: String) -> Rejection {
            Rejection(
                kind: kind, object: ObjectName(namespace: "shop", name: name), field: field, reason: reason,
                explanation: "is bad")
        }
        let found = RejectionEvents.events(for: [
            rejection("Service", "web", .invalidAnnotation, field: "a"),
            rejection("EndpointSlice", "web-1", .invalidAddress, field: "b"),
            rejection("EndpointSlice", "lost", .malformed, field: ""),
            rejection("Node", "n", .invalidAddress, field: "c"),
        ]) { $0.name == "web-1" ? ObjectName(namespace: "shop", name: "web") : nil }
        #expect(found.map(\.note) == ["a: is bad; EndpointSlice shop/web-1: b: is bad", "is bad"])
        #expect(found.map(\.reason) == ["InvalidField", "InvalidField"])
        #expect(found.map(\.regarding.kind) == ["Service", "EndpointSlice"])
        #expect(found.last?.regarding.apiVersion == "discovery.k8s.io/v1")
    }
}
