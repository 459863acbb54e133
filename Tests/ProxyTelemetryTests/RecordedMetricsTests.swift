// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import FoundationEssentials
import Telemetry
import Testing

@testable import ProxyTelemetry

/// `Tests/manifests/metrics.txt` is what alerts, dashboard and `docs/metrics.md` are compared with: each metric with its type
/// and its labels. `UPDATE=1` writes it anew.
struct RecordedMetricsTests {
    private static let root = #filePath.components(separatedBy: "/Tests/").dropLast().joined(separator: "/Tests/")
    private static let file = "\(root)/Tests/manifests/metrics.txt"

    @Test func `the recorded list, by which alerts and dashboard are checked, is what /metrics has`() throws {
        let metrics = ProxyMetrics(families: [.v4, .v6], build: BuildFacts(version: "0.1.0"))
        let list =
            metrics.registry.families
            .map { ([$0.name, $0.kind.rawValue] + $0.labelNames).joined(separator: " ") + "\n" }
            .joined()
        if ProcessInfo.processInfo.environment["UPDATE"] == "1" {
            try Data(list.utf8).write(to: URL(filePath: Self.file))
        }
        let recorded = try String(decoding: Data(contentsOf: URL(filePath: Self.file)), as: UTF8.self)
        #expect(list == recorded)
    }
}
