// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import NodeStatus
import Reconcile
import Testing

/// What the daemon remembers for its status.
struct StatusBoardTests {
    private let start = ContinuousClock.now
    private let board: StatusBoard

    init() {
        board = StatusBoard(families: [.v4], start: start)
    }

    private func report(after seconds: Int, healthy: Bool = true) -> StatusReport {
        board.report(
            into: StatusReport(time: "", node: "worker-1", version: "0.1.0", uptime: 0, source: "manifests"),
            healthy: healthy ? [.v4] : [],
            at: start + .seconds(seconds)
        )
    }

    private func note(_ mode: PassMode, after seconds: Int, _ change: (inout PassReport) -> Void = { _ in }) {
        var report = PassReport(family: .v4, mode: mode)
        change(&report)
        board.note(report, sizes: nil, took: .milliseconds(84), at: start + .seconds(seconds))
    }

    private static let setError = DataplaneError(part: .ipset, number: 12, explanation: "no memory")
    private static let rulesError = DataplaneError(part: .rules, explanation: "iptables fails")

    @Test func `a daemon that has just started has no complete pass, and says so first`() {
        let report = report(after: 3, healthy: false)
        #expect(report.uptime == 3)
        #expect(report.families.first?.lastCompletePass == nil)
        #expect(report.troubles == ["IPv4: no pass has been complete yet"])
        #expect(report.lines.first == "node worker-1 is not as it should be: IPv4: no pass has been complete yet")
    }

    @Test func `a failure stands from when it appeared until a verifying pass has none`() {
        note(.verify, after: 10) { $0.failures = [Self.setError] }
        note(.changes, after: 20)
        note(.verify, after: 30) { $0.failures = [Self.setError] }
        #expect(report(after: 70).families[0].failures.map(\.age) == [60])
        #expect(report(after: 70).troubles == ["IPv4: ipset: no memory (errno 12), for 1 min"])
        note(.verify, after: 80)
        #expect(report(after: 90).troubles.isEmpty)
        #expect(report(after: 90).families[0].lastCompletePass == 10)
    }

    @Test func `rules that fail beside the passes stand until rules are kept, whatever passes do`() {
        note(.rules, after: 10) { $0.failures = [Self.rulesError] }
        note(.verify, after: 20)
        #expect(report(after: 30).families[0].failures.map(\.part) == ["rules"])
        #expect(report(after: 30).families[0].lastPass?.mode == "verify")
        note(.rules, after: 40)
        #expect(report(after: 50).families[0].failures.isEmpty)
    }

    @Test func `drift counts for 24 hours, and names are the newest`() {
        note(.verify, after: 0) { $0.drift = [.realServer: 2, .address: 1] }
        note(.verify, after: 12 * 3600) { $0.drift = [.realServer: 3] }
        func counts(_ seconds: Int) -> [String] {
            report(after: seconds).families[0].drift.map { "\($0.count) \($0.kind)" }
        }
        #expect(counts(12 * 3600) == ["5 real_server", "1 address"])
        #expect(counts(24 * 3600) == ["3 real_server"])
        #expect(counts(36 * 3600).isEmpty)
        // A stranger who changes something each minute takes no more room than one who does so each hour.
        for minute in 0..<3000 { note(.verify, after: 200_000 + minute * 60) { $0.drift = [.set: 1] } }
        #expect(counts(200_000 + 3000 * 60).first.map { $0.hasSuffix(" set") } == true)
    }

    @Test func `refused objects are named, and no more of them than fit on a screen`() throws {
        var refusals: [KernelObjectName: Refusal] = [:]
        for number in 1...30 {
            let address = IPAddress(v4: 0x0a60_0000 + UInt32(number))
            refusals[.address(address)] = Refusal(
                kind: .address, attempt: "bind \(address)",
                error: DataplaneError(part: .addresses, number: 99, explanation: "no"))
        }
        note(.verify, after: 5) { $0.standing = RefusedObjects(refusals, at: .now) }
        let family = try #require(report(after: 6).families.first)
        #expect(family.refusedCount == 30 && family.refused.count == StatusReport.mostNamed)
        #expect(family.refused.allSatisfy { $0.attempt.hasPrefix("bind 10.96.0.") && $0.error == "no (errno 99)" })
        #expect(report(after: 6).troubles == ["IPv4: the kernel does not accept 30 objects"])
        #expect(family.lastCompletePass == nil)
    }

    @Test func `a watch that has failed says since when, and until it is watched again`() {
        board.noteWatch("services", nil, at: start + .seconds(1))
        board.noteWatch("services", .watching, at: start + .seconds(2))
        board.noteWatch("services", .failed, error: "connection refused", at: start + .seconds(10))
        board.noteWatch("services", .failed, error: "no route", at: start + .seconds(20))
        #expect(report(after: 70).watches.map(\.failedSince) == [60])
        #expect(report(after: 70).troubles == ["services: no route, for 1 min"])
        board.noteWatch("services", .watching, at: start + .seconds(80))
        board.noteWatch("services", nil, at: start + .seconds(100))
        #expect(report(after: 101).watches.map(\.lastEvent) == [1])
        #expect(report(after: 101).troubles.isEmpty)
    }

    @Test func `an object of which something cannot be used is named until it can`() {
        let name = ObjectName(namespace: "shop", name: "web")
        func rejection(_ field: String) -> Rejection {
            Rejection(kind: "Service", object: name, field: field, reason: .invalidPort, explanation: "no port")
        }
        board.note([rejection("spec.ports[0].port"), rejection("spec.ports[1].port")], at: start)
        #expect(report(after: 5).rejected.map(\.text) == ["Service shop/web: spec.ports[0].port: no port"])
        #expect(report(after: 5).rejectedCount == 1)
        board.note([], settled: [name], kind: "EndpointSlice", at: start)
        #expect(report(after: 5).rejectedCount == 1)
        board.note([], settled: [name], kind: "Service", at: start)
        #expect(report(after: 5).rejectedCount == 0)
    }

    @Test func `rejected objects take a bounded room`() {
        for number in 0..<5000 {
            let name = ObjectName(namespace: "shop", name: "web-\(number)")
            board.note(
                [Rejection(kind: "Service", object: name, field: "f", reason: .malformed, explanation: "e")],
                at: start + .seconds(number))
        }
        #expect(report(after: 6000).rejectedCount == 1000)
        #expect(report(after: 6000).rejected.count == StatusReport.mostNamed)
    }

    @Test func `settings that cannot be written are named with the reason`() {
        let setting = KernelSetting("net/ipv4/vs/conntrack", .exactly(1), purpose: "masquerade")
        let failure = DataplaneError(part: .sysctls, number: 30, explanation: "read-only")
        board.note([DegradedSetting(setting: setting, failure: failure)])
        #expect(
            report(after: 1).troubles == ["net/ipv4/vs/conntrack = 1 cannot be kept: read-only (errno 30)"])
        board.note([DegradedSetting]())
        #expect(report(after: 1).troubles.isEmpty)
    }
}
