// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension KernelSuite {
    /// What `kube-ipvs dump` answers where there is nothing to show.
    @Suite(.serialized)
    struct DumpRefusalTests {
        init() async throws {
            try await command("ipvsadm", "-C")
        }

        @Test(arguments: [
            ["-c", "-t", "10.0.0.1:80"], ["-c", "--stats"], ["-c", "--rate"], ["-c", "--thresholds"],
            ["-c", "--timeout"], ["--timeout", "--daemon"], ["--timeout", "--persistent-conn"],
            ["--daemon", "--stats"],
            ["-t", "10.0.0.1:80", "--timeout"], ["-t", "10.0.0.1:80", "-u", "10.0.0.1:80"], ["-f", "0"], ["-6"],
            ["-t", "12345"], ["-t", "10.0.0.1:http:80"], ["-t", "10.0.0.1:65536"], ["-t", "10.0.0.1:no-such-port"],
        ])
        func `what ipvsadm refuses is refused`(options: [String]) async throws {
            #expect(try await failure(of: ["ipvsadm", "-L", "-n"] + options).status == "exited(2)")
            let refusal = try dumpFailure(["-L", "-n"] + options)
            #expect(refusal.status == 64)
            #expect(refusal.standardError.hasPrefix("Error: "))
        }

        @Test(arguments: [["--stats"], ["-c"], ["-t", "10.0.0.1:80"], ["--exact"], ["--nosort"]])
        func `what ipvsadm refuses with --save is refused`(options: [String]) async throws {
            #expect(try await failure(of: ["ipvsadm", "-S", "-n"] + options).status == "exited(2)")
            #expect(try dumpFailure(["-S", "-n"] + options).status == 64)
        }

        @Test func `a virtual server that is not there is named`() async throws {
            let refusal = try dumpFailure(["-n", "-u", "[fd00::99]:1"])
            #expect(refusal.status == 1)
            #expect(refusal.standardError == "Error: there is no virtual server UDP [fd00::99]:1\n")

            let mark = try dumpFailure(["-n", "-f", "7", "-6"])
            #expect(mark.status == 1)
            #expect(mark.standardError == "Error: there is no virtual server for firewall mark 7 of IPv6\n")
        }
    }
}
