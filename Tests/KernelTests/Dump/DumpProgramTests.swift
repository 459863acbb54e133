// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension KernelSuite {
    /// The program itself: what the other suites call in their own process comes out of it, and so do failures.
    @Suite(.serialized)
    struct DumpProgramTests {
        init() async throws {
            try await command("ipvsadm", "-C")
            try await command(["ipvsadm", "-R"], input: MixedTable(seed: 2).restoreText)
        }

        @Test func `the program prints what ipvsadm prints`() async throws {
            let options = ["-L", "-n", "--thresholds"]
            #expect(try await command(try dumpProgram(options)) == (try await command(["ipvsadm"] + options)))
            #expect(try await command(try dumpProgram(["-S", "-n"])) == (try await command("ipvsadm", "-S", "-n")))
        }

        @Test func `the program fails with a status and a sentence`() async throws {
            let refusal = try await failure(of: try dumpProgram(["-n", "-c", "--stats"]))
            #expect(refusal.status == "exited(64)")
            #expect(refusal.standardError.hasPrefix("Error: "))

            let missing = try await failure(of: try dumpProgram(["-n", "-f", "77777"]))
            #expect(missing.status == "exited(1)")
            #expect(missing.standardError == "Error: there is no virtual server for firewall mark 77777 of IPv4\n")
        }
    }
}
