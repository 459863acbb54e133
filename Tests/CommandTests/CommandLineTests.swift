// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

@testable import kube_ipvs

/// What the program says of command lines, and the status it ends with.
struct CommandLineTests {
    private static func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml").path
        try Data(text.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private static let header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"

    // MARK: The exit status

    @Test(arguments: [
        header + "mode: ipvs\niptables: {masqueradeBit: 99}", header + "mode: iptables", header + "mode: [",
        "apiVersion: v1\nkind: Pod\n", "\u{0}", "", header + "mode: ipvs\nhealthzBindAddress: here:1\n",
    ])
    func `a configuration file that cannot be used ends with status 1, whatever the reason`(text: String) async throws {
        try await Self.withFile(text) { path in
            for command in [["run"], ["plan"], ["check"], ["explain", "default/web"], ["cleanup"], []] {
                // `cleanup` takes any mode, and would go on.
                if command == ["cleanup"], text.hasPrefix(Self.header + "mode: i") { continue }
                let outcome = try await Program.run([Program.path] + command + ["--config=\(path)"])
                #expect(outcome.status == 1, "\(command)")
                #expect(outcome.errors.hasPrefix("Error: "), "\(outcome.errors)")
            }
        }
    }

    @Test(arguments: [
        ["--config=/none"], ["--config=/"], ["--proxy-mode=iptables"], ["--no-such-flag"], ["--v=x"], ["run", "--v"],
        ["--masquerade-all", "false"], ["--graceful-timeout=-1s"], ["--cleanup=maybe"], ["--hostname-override= "],
        ["plan", "--ipvs-sync-period=0"], ["explain"], ["explain", "web"], ["cleanup", "--exclude-cidrs=x"],
        ["check", "extra"], ["--write-config-to=/none/x"], ["version", "--short"],
    ])
    func `flags that cannot be used end with status 1, whatever the reason`(arguments: [String]) async throws {
        let outcome = try await Program.run([Program.path] + arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("Error: "), "\(outcome.errors)")
        #expect(outcome.output == "")
    }

    @Test(arguments: [["--help"], ["run", "--help"], ["help"], ["help", "dump"], ["version"], ["--version"]])
    func `what was asked for and told ends with status 0`(arguments: [String]) async throws {
        let outcome = try await Program.run([Program.path] + arguments)
        #expect(outcome.status == 0)
        #expect(!outcome.output.isEmpty)
        #expect(outcome.errors == "")
    }

    @Test func `what others have chosen makes no lines of its own in an error`() async throws {
        let outcome = try await Program.run("--config=/no\u{1b}[2J\u{202e}ne")
        #expect(!outcome.errors.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" })
    }

    // MARK: Commands

    @Test(arguments: [
        ("dmup", "dump"), ("pln", "plan"), ("plann", "plan"), ("cleenup", "cleanup"), ("Check", "check"),
        ("explian", "explain"), ("verison", "version"), ("rum", "run"), ("clean-up", "cleanup"),
    ])
    func `a mistyped command is answered with the one that was probably meant`(word: String, meant: String) async throws
    {
        let outcome = try await Program.run(word, "--v=1")
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("Error: there is no command '\(word)'; did you mean '\(meant)'?\n"))
    }

    @Test func `a word that is like no command is answered without a guess`() {
        for word in ["xyz", "ab", "kube-proxy", String(repeating: "d", count: 1_000_000)] {
            #expect(CommandName.closest(to: word, among: ["dump", "run", "plan"]) == nil)
        }
    }

    @Test(
        arguments: ["check", "plan", "explain", "healthy"],
        ["--cleanup", "--version", "--init-only", "--write-config-to=/x"])
    func `what a command does not honour is refused`(command: String, flag: String) async throws {
        let arguments = command == "explain" ? [command, "default/web", flag] : [command, flag]
        let outcome = try await Program.run([Program.path] + arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(String(flag.prefix { $0 != "=" })), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: "/x"))
    }

    @Test func `a task that is not asked for is not refused`() async throws {
        let outcome = try await Program.run("plan", "--cleanup=false", "--version=false", "--kubeconfig=/none")
        #expect(!outcome.errors.contains("--cleanup"), "\(outcome.errors)")
    }

    @Test(arguments: [["cleanup"], ["cleanup", "--dry-run"], ["--cleanup"], ["run", "--cleanup"]])
    func `cleaning up without privileges says one line`(arguments: [String]) async throws {
        let drop = geteuid() == 0 ? ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"] : []
        let outcome = try await Program.run(drop + [Program.path] + arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errors == "cleaning up needs the capability CAP_NET_ADMIN: run it as root\n")
        #expect(outcome.output == "")
    }

    // MARK: The version

    @Test func `the answer to --version has the commit`() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path
        let line = try await Program.run("--version").output
        #expect(line == (try await Program.run("version").output))
        let raw = try await Program.run("--version=raw").output.split(whereSeparator: \.isWhitespace)
        let inRepository = try await Program.run(["git", "-C", root, "rev-parse", "HEAD"]).status == 0
        guard inRepository else {
            #expect(line.split(separator: " ").count == 2)
            return
        }
        let commit = try #require(raw.last)
        #expect(try await Program.run(["git", "-C", root, "cat-file", "-t", String(commit)]).output == "commit\n")
        #expect(line.hasSuffix(" (commit \(commit.prefix(12)))\n"))
    }

    /// A node has no Swift. And what was compiled for the libraries as files of their own does not link with them in it, and SwiftPM
    /// compiles nothing anew for that: one release build without the option, as for a measurement, would break the next one.
    @Test func `every release build has Swift's libraries in it`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        var builds: [Substring] = []
        for path in ["Makefile", "Manifests/image/Dockerfile", "Tests/kernel/histories", "Tests/performance/run"] {
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            let found = text.split(separator: "\n").filter { line in
                (line.contains("swift build -c release") || line.contains("swift build --configuration release"))
                    && !line.contains("--show-bin-path")
                    // There is no Swift in it.
                    && !line.contains("--product kube-ipvs-sets")
            }
            #expect(!found.isEmpty, "\(path)")
            builds += found
        }
        for build in builds {
            #expect(build.contains("--static-swift-stdlib"), "\(build)")
        }
    }
}
