// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// A scenario of the folder `Scenarios`.
struct ScenarioFile: CustomTestStringConvertible {
    let name: String

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private var url: URL { Self.folder.appending(path: "Scenarios/\(name)") }

    /// Those of the folder, by name.
    static func all() throws -> [ScenarioFile] {
        let scenarios = folder.appending(path: "Scenarios").path(percentEncoded: false)
        return try FileManager.default.contentsOfDirectory(atPath: scenarios)
            .filter { $0.hasSuffix(".txt") }.sorted().map(ScenarioFile.init)
    }

    static func defaults() throws -> ScenarioText {
        ScenarioText(try String(contentsOf: folder.appending(path: "defaults.txt"), encoding: .utf8))
    }

    func read() throws -> String { try String(contentsOf: url, encoding: .utf8) }

    func write(_ text: String) throws { try text.write(to: url, atomically: true, encoding: .utf8) }

    var testDescription: String { name }
}

/// Objects in YAML and what the kernel then holds: see README.md in this folder.
struct ScenarioTests {
    @Test(arguments: try ScenarioFile.all())
    func `the kernel holds what the scenario says`(file: ScenarioFile) async throws {
        let text = try file.read()
        let found = try await ScenarioRun.rendering(ScenarioText(text), over: ScenarioFile.defaults())
        guard found != text else { return }
        guard ProcessInfo.processInfo.environment["UPDATE"] == nil else { return try file.write(found) }
        Issue.record(Self.message(file.name, text, found))
    }

    private static func message(_ name: String, _ expected: String, _ found: String) -> Comment {
        let lines = LineDiff.lines(
            from: expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init),
            to: found.split(separator: "\n", omittingEmptySubsequences: false).map(String.init),
            context: 3
        )
        let head = [
            "\(name): the kernel does not hold what the scenario says",
            "--- Tests/ScenarioTests/Scenarios/\(name)",
            "+++ what the kernel holds",
        ]
        return Comment(rawValue: (head + lines).joined(separator: "\n"))
    }

    @Test func `each scenario says what it shows and where that is from`() throws {
        let files = try ScenarioFile.all()
        #expect(files.count >= 40)
        for file in files {
            let comment = ScenarioText(try file.read()).comment
            #expect(comment.contains { $0.hasPrefix("# From: ") }, "\(file.name) does not say where its facts are from")
        }
    }

    // MARK: The runner itself

    private static let clusterIP = """
        # A Service.
        -- step: it is there --
        -- apply --
        {apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}}
        """

    @Test func `an expectation that is wrong shows as the lines that differ`() async throws {
        let right = try await ScenarioRun.rendering(ScenarioText(Self.clusterIP), over: ScenarioFile.defaults())
        let wrong = right.split(separator: "-A -t 10.96.0.1:80 -s rr").joined(separator: "-A -t 10.96.0.1:81 -s rr")
        #expect(wrong != right)
        let found = try await ScenarioRun.rendering(ScenarioText(wrong), over: ScenarioFile.defaults())
        #expect(found == right)
        let message = Self.message("a.txt", wrong, found).rawValue
        #expect(message.contains("-\u{2d}A -t 10.96.0.1:81 -s rr\n+-A -t 10.96.0.1:80 -s rr\n"))
        #expect(message.contains(" -- ipvsadm --save -n --\n"))
    }

    @Test func `an expectation that is left out, or said of another step, is missed`() async throws {
        let right = try await ScenarioRun.rendering(ScenarioText(Self.clusterIP), over: ScenarioFile.defaults())
        let found = try await ScenarioRun.rendering(
            ScenarioText(Self.clusterIP + "\n-- ip address --\nkube-ipvs0 inet 10.96.0.1/32\n"),
            over: ScenarioFile.defaults())
        #expect(found == right)
        #expect(right.contains("-- ipset save --\nadd KUBE-CLUSTER-IP 10.96.0.1,tcp:80\n"))
    }

    @Test(
        arguments: [
            ("-- step: a --\n-- aply --", "`aply` in line 2"),
            ("-- apply --", "before the first step"),
            ("-- step: a --\n-- kernel --\nipvsadm -A -t 1.2.3.4:x", "x is no number"),
            ("-- step: a --\n-- kernel --\nipset add KUBE-NO 1", "there is no such set"),
            ("-- step: a --\n-- kernel --\nreboot", "an unknown command"),
            ("-- step: a --\n-- delete --\nService a/b", "there is no `Service a/b`"),
            ("# Nothing.", "there is no step"),
        ])
    func `a scenario that cannot be read says why`(text: String, reason: String) async throws {
        let error = await #expect(throws: ScenarioError.self) {
            try await ScenarioRun.rendering(ScenarioText(text), over: ScenarioFile.defaults())
        }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
}
