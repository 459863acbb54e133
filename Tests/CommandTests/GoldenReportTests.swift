// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import NodeInspection
import Reconcile
import Testing

@testable import kube_ipvs

/// What `check` and `plan` print with `-o json`, byte for byte: `docs/inspection.md` has the schema.
struct GoldenReportTests {
    private static func golden(_ name: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// What `body` writes.
    private static func written(_ body: (OutputDescriptor) throws -> Void) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data().write(to: URL(filePath: path))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try body(OutputDescriptor(number: file.fileDescriptor))
        try file.close()
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func `a check is as the schema has it`() throws {
        let findings = [
            NodeFinding(.failure, "privileges", #"CAP_NET_ADMIN is missing: "run as root""#),
            NodeFinding(.warning, "IPVS", "1 virtual servers are no proxy's"),
            NodeFinding(.notice, "rp_filter", "strict on eth0"),
            NodeFinding(.ok, "kernel", "6.12.9"),
        ]
        #expect(try Self.written { try CheckCommand.write(findings, as: .json, to: $0) } == Self.golden("check.json"))
        #expect(try Self.written { try CheckCommand.write([], as: .json, to: $0) } == Self.golden("check-empty.json"))
    }

    @Test func `a plan with a change of each kind is as the schema has it`() throws {
        let text = try Self.written { output in
            let plan = try PlanOutput(.json, to: output)
            for kind in RehearsedChange.Kind.allCases {
                plan.note(RehearsedChange(kind, #"what is "\#(kind.rawValue)""#))
            }
            _ = try plan.end(["rules: no (errno 2)"])
        }
        #expect(text == (try Self.golden("plan.json")))
    }
}
