// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Foundation
import KubernetesObjects
import Testing

@testable import NodeStatus

/// `kube-ipvs status`: the screen and the document, against golden files. `docs/inspection.md` has the schema.
struct StatusReportTests {
    private static func golden(_ name: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// With something in every field.
    static var sample: StatusReport {
        var report = StatusReport(
            time: "2026-03-01T12:00:00.500000Z", node: "worker-1", version: "0.1.0", uptime: 11_530,
            source: "https://10.0.0.2:6443")
        report.isNodeEligible = false
        var v4 = FamilyStatus(.v4)
        v4.isHealthy = true
        v4.lastCompletePass = 12
        v4.lastPass = FamilyStatus.Pass(mode: "changes", age: 3, milliseconds: 2)
        v4.virtualServers = 120
        v4.contestedServers = 1
        v4.realServers = 340
        v4.draining = 2
        v4.refused = [FamilyStatus.Refused(attempt: "add virtual server TCP 10.96.0.9:80", error: "no (errno 2)")]
        v4.refusedCount = 3
        v4.sets = [
            FamilyStatus.SetFill(name: "KUBE-CLUSTER-IP", entries: 118, capacity: 65536),
            FamilyStatus.SetFill(name: "KUBE-LOOP-BACK", entries: 60000, capacity: 65536),
            FamilyStatus.SetFill(name: "KUBE-EXTERNAL-IP", entries: 0, capacity: 65536),
        ]
        v4.drift = [DriftCount(kind: "real_server", count: 3), DriftCount(kind: "address", count: 1)]
        var v6 = FamilyStatus(.v6)
        v6.failures = [FamilyStatus.Failure(part: "rules", error: "ip6tables-restore: \"no\"", age: 125)]
        report.families = [v4, v6]
        var services = WatchStatus(resource: "services", state: .watching)
        services.lastEvent = 2
        var slices = WatchStatus(resource: "endpointslices", state: .failed)
        slices.lastEvent = 400
        slices.failedSince = 390
        slices.error = "connection refused"
        report.watches = [slices, WatchStatus(resource: "nodes", state: .listing), services]
        report.rejected = [RejectedObject(text: "Service shop/web: spec.ports[0].port: 0 is not a port", age: 60)]
        report.rejectedCount = 2
        report.settings = [UnwrittenSetting(setting: "net/ipv4/vs/conntrack = 1", error: "read-only file system")]
        report.repaired = [RepairedObject(name: "10.244.1.11:8080 of TCP 10.96.0.10:80 (shop/web)", age: 7200)]
        return report
    }

    @Test func `the document is as the schema has it`() throws {
        let text = String(decoding: Self.sample.json.text, as: UTF8.self) + "\n"
        #expect(text == (try Self.golden("status.json")))
    }

    @Test func `the screen says the verdict first, and everything that is wrong`() throws {
        #expect(Self.sample.lines.map { "\($0)\n" }.joined() == (try Self.golden("status.txt")))
        let lines = Self.sample.lines
        #expect(lines.count <= 40 && lines.allSatisfy { $0.utf8.count <= 120 })
    }

    @Test func `a document is read as it was written`() throws {
        #expect(try StatusReport(json: Self.sample.json.text) == Self.sample)
        let empty = StatusReport(time: "t", node: "", version: "", uptime: 0, source: "")
        #expect(try StatusReport(json: empty.json.text) == empty)
    }

    @Test(arguments: [
        "", "[]", "{", "null", "{\"schemaVersion\":2,\"time\":\"t\",\"node\":\"n\"}", "{\"schemaVersion\":1}",
        "{\"schemaVersion\":1,\"time\":3,\"node\":\"n\"}",
    ])
    func `what is no status of this version is refused`(text: String) {
        #expect(throws: StatusReadingError.self) { try StatusReport(json: Array(text.utf8)) }
    }

    @Test func `keys of later versions are passed over`() throws {
        let text = "{\"schemaVersion\":1,\"time\":\"t\",\"node\":\"n\",\"more\":{},\"watches\":[{\"state\":\"new\"},3]}"
        #expect(try StatusReport(json: Array(text.utf8)).node == "n")
    }

    @Test func `ages are told in the units that people think in`() {
        let ages: [Int64] = [0, 59, 60, 3599, 3600, 7500, 86400, 273_600]
        #expect(
            ages.map(ageText) == [
                "0 s", "59 s", "1 min", "59 min", "1 h 0 min", "2 h 5 min", "1 d 0 h", "3 d 4 h",
            ])
    }
}
