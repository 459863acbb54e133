// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesHTTP
import KubernetesObjects
import Logging
import ServicePlan
import Synchronization
import Testing

@testable import ProxyTelemetry

struct ServiceRemarksTests {
    private final class Events: Sendable {
        private let kept = Mutex<[ClusterEvent]>([])
        var all: [ClusterEvent] { kept.withLock { $0 } }
        func append(_ event: ClusterEvent) { kept.withLock { $0.append(event) } }
    }

    private let events = Events()

    private var remarks: ServiceRemarks {
        ServiceRemarks(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { [events] in events.append($0)
        }
    }

    private func id(_ service: String, _ port: String = "http") -> ServicePortID {
        ServicePortID(service: ObjectName(namespace: "shop", name: service), port: port, transport: .tcp)
    }

    private func observations(_ reasons: [String], addresses: [OwnAddress] = []) -> PlanObservations {
        var observations = PlanObservations()
        observations.settingRefusals = reasons.map { SettingRefusal(annotation: "kube-ipvs.io/scheduler", reason: $0) }
        observations.ownAddresses = addresses
        return observations
    }

    @Test func `a setting that is refused is reported once, whatever ports and families say it`() {
        var remarks = remarks
        for family in IPFamily.allCases {
            for port in ["http", "https"] { remarks.note(observations(["no such"]), of: id("web", port), family) }
        }
        #expect(events.all.map(\.note) == ["kube-ipvs.io/scheduler: no such"])
        #expect(events.all.first?.reason == "SettingRefused")
        #expect(events.all.first?.regarding == .service(namespace: "shop", name: "web"))

        remarks.note(observations(["another"]), of: id("web"), .v4)
        #expect(events.all.count == 2)
        // While one port still says it, it is not over.
        for port in ["http", "https"] { remarks.note(observations([]), of: id("web", port), .v4) }
        remarks.note(observations(["no such"]), of: id("web"), .v4)
        #expect(events.all.count == 2)
        for family in IPFamily.allCases {
            for port in ["http", "https"] { remarks.note(observations([]), of: id("web", port), family) }
        }
        remarks.note(observations(["no such"]), of: id("web"), .v4)
        #expect(events.all.count == 3)
    }

    @Test func `an address of the node is no mistake, unless it is a cluster IP`() {
        var remarks = remarks
        let address = IPAddress(v4: 0xc0a8_0001)
        remarks.note(observations([], addresses: [OwnAddress(kind: .externalIP, address: address)]), of: id("a"), .v4)
        remarks.note(observations([], addresses: [OwnAddress(kind: .clusterIP, address: address)]), of: id("b"), .v4)
        #expect(events.all.map(\.reason) == ["AddressOfNode", "AddressOfNode"])
        #expect(events.all.map(\.severity) == [.normal, .warning])
    }

    @Test func `a thousand Services with one mistake make twenty events for a pass`() {
        var remarks = remarks
        remarks.beginPlanning()
        for number in 0..<1000 { remarks.note(observations(["no such"]), of: id("s\(number)"), .v4) }
        #expect(events.all.count == 20)
    }
}
