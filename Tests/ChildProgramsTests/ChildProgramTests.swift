// SPDX-License-Identifier: GPL-2.0-or-later
import ChildPrograms
import Foundation
import SystemTesting
import Testing

@Suite struct ChildProgramTests {
    /// A wrapper script that notes the process identifiers of what it starts, one a line, in `children`.
    private struct Wrapper {
        let folder: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        func program(_ script: String, limit: Duration = .milliseconds(500)) throws -> ChildProgram {
            let path = folder + "/wrapper"
            let text = "#!/bin/bash\nC='\(folder)/children'\necho $$ >>\"$C\"\n\(script)\n"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            var program = ChildProgram(path)
            program.timeLimit = limit
            return program
        }

        var children: [String] {
            get throws {
                try String(contentsOfFile: folder + "/children", encoding: .utf8).split(separator: "\n").map(
                    String.init)
            }
        }

        /// Those that live: one that has ended and was not yet taken notice of does not.
        var living: [String] {
            get throws {
                try children.filter { child in
                    let status = try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)
                    return status.map { !$0.contains(#/State:\s+[ZX]/#) } ?? false
                }
            }
        }
    }

    private static let sleepers = "for i in 1 2; do sleep 1000 & echo $! >>\"$C\"; done"

    @Test(arguments: [
        "\(sleepers); wait", "\(sleepers); sleep 1000", "\(sleepers); exec sleep 1000",
        // Deaf to SIGTERM, itself or what it has started.
        "trap '' TERM; \(sleepers); while true; do sleep 1; done",
        "bash -c \"trap '' TERM; echo \\$\\$ >>'$C'; while true; do sleep 1; done\" & \(sleepers); wait",
        "\(sleepers); kill -STOP $$",
    ]) func `a program that hangs is ended with all that it has started`(script: String) async throws {
        let wrapper = try Wrapper()
        let program = try wrapper.program(script)
        let start = ContinuousClock.now
        await #expect(throws: ChildProgram.Failure.tookTooLong) { try await program.run() }
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(try wrapper.children.count >= 3)
        try await eventually("nothing is left of \(try wrapper.children)", within: .seconds(5)) {
            try wrapper.living.isEmpty
        }
    }

    @Test func `whoever no longer waits for a program ends it with all that it has started`() async throws {
        let wrapper = try Wrapper()
        let program = try wrapper.program("\(Self.sleepers); wait", limit: .seconds(1000))
        let task = Task { () async -> ChildProgram.Failure? in
            do throws(ChildProgram.Failure) {
                _ = try await program.run()
                return nil
            } catch {
                return error
            }
        }
        defer { task.cancel() }
        try await eventually("it has started all") { (try? wrapper.children.count) == 3 }
        task.cancel()
        #expect(await task.value == .cancelled)
        try await eventually("nothing is left", within: .seconds(5)) { try wrapper.living.isEmpty }
    }

    @Test(arguments: ["exit 0", "exit 3", "yes"])
    func `what a program has left behind goes with it, however it ends`(end: String) async throws {
        let wrapper = try Wrapper()
        var program = try wrapper.program("\(Self.sleepers); \(end)", limit: .seconds(60))
        program.outputLimit = 4096
        do throws(ChildProgram.Failure) {
            let outcome = try await program.run()
            #expect(outcome.end == .exited(end == "exit 0" ? 0 : 3))
        } catch {
            #expect(error == .printsTooMuch)
            #expect(end == "yes")
        }
        try await eventually("nothing is left", within: .seconds(5)) { try wrapper.living.isEmpty }
    }

    @Test func `a program reads its input and its environment, and what it says is kept apart`() async throws {
        var program = ChildProgram("sh", ["-c", "cat; echo \"$GIVEN\"; echo words >&2; kill -9 $$"])
        program.input = Array("input\n".utf8)
        program.environment = ["GIVEN": "value"]
        let outcome = try await program.run()
        #expect(String(decoding: outcome.standardOutput, as: UTF8.self) == "input\nvalue\n")
        #expect(String(decoding: outcome.standardError, as: UTF8.self) == "words\n")
        #expect(outcome.end == .signaled(9))
    }

    @Test func `a program that is not there is told apart from one that fails`() async throws {
        await #expect(throws: ChildProgram.Failure.notInstalled) { try await ChildProgram("no-such-program").run() }
        await #expect(throws: ChildProgram.Failure.notInstalled) { try await ChildProgram("/no/such/program").run() }
    }
}
