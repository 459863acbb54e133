// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// `make install`: the program, its man page and the completion of shells.
struct InstallationTests {
    private static var root: String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path
    }

    /// Installs the program that was built beside the tests, and takes it away again.
    private static func withInstallation(_ body: (String) async throws -> Void) async throws {
        let target = FileManager.default.temporaryDirectory.appending(path: "install-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: target) }
        let outcome = try await Program.run([
            "make", "-C", root, "install", "DESTDIR=\(target)", "PREFIX=/usr", "BINARY=\(Program.path)",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        try await body("\(target)/usr")
    }

    private static func has(_ program: String) async throws -> Bool {
        try await Program.run(["sh", "-c", "command -v \(program)"]).status == 0
    }

    @Test func `the installed program runs, and all is where systems look for it`() async throws {
        try await Self.withInstallation { target in
            #expect(FileManager.default.isExecutableFile(atPath: "\(target)/bin/kube-ipvs-sets"))
            for file in [
                "share/man/man8/kube-ipvs.8", "share/bash-completion/completions/kube-ipvs",
                "share/zsh/site-functions/_kube-ipvs", "share/fish/vendor_completions.d/kube-ipvs.fish",
            ] {
                #expect(FileManager.default.isReadableFile(atPath: "\(target)/\(file)"), "\(file)")
            }
            let version = try await Program.run(["\(target)/bin/kube-ipvs", "version"])
            #expect(version.output == (try await Program.run("version").output))
        }
    }

    @Test func `the man page renders without a warning, and has each command with its options`() async throws {
        try await Self.withInstallation { target in
            let page = "\(target)/share/man/man8/kube-ipvs.8"
            let renderers = [
                ["groff", "-man", "-ww", "-T", "utf8", "-P", "-cbou", page],
                ["mandoc", "-T", "utf8", "-W", "error", page],
            ]
            var rendered: [String] = []
            for renderer in renderers where try await Self.has(renderer[0]) {
                let outcome = try await Program.run(renderer)
                #expect(outcome.status == 0 && outcome.errors == "", "\(renderer[0]): \(outcome.errors)")
                rendered.append(outcome.output)
            }
            let source = try String(contentsOfFile: page, encoding: .utf8)
            #expect(source.hasPrefix(".\\\" Made by Packaging/man-page.\n.TH KUBE\\-IPVS 8 "))
            for words in ["run", "status", "top", "dump", "explain", "plan", "check", "healthy", "cleanup", "version"] {
                #expect(source.contains("\n.SS \(words)\n"), "\(words)")
                for text in rendered { #expect(text.contains("kube-ipvs \(words)"), "\(words)") }
            }
            for words in ["\\-\\-services", "\\-\\-interval", "\\-\\-graceful\\-timeout"] {
                #expect(source.contains("\\fB\(words)\\fR"), "\(words)")
            }
            // What is hidden from the help is hidden here too.
            #expect(!source.contains("\\-\\-trial"))
        }
    }

    @Test func `the page is made of the same bytes each time`() async throws {
        let make = ["\(Self.root)/Packaging/man-page", Program.path]
        #expect(try await Program.run(make).output == (try await Program.run(make).output))
    }

    @Test(arguments: [("sta", "status"), ("expl", "explain"), ("dum", "dump")])
    func `the completion of bash loads, and completes a command`(beginning: String, command: String) async throws {
        try await Self.withInstallation { target in
            let script = """
                source "$1"
                line="kube-ipvs $2"
                COMP_WORDS=(kube-ipvs "$2") COMP_CWORD=1 COMP_LINE=$line COMP_POINT=${#line}
                function=$(complete -p kube-ipvs | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
                "$function" kube-ipvs "$2" kube-ipvs
                echo "${COMPREPLY[@]}"
                """
            let file = "\(target)/share/bash-completion/completions/kube-ipvs"
            let outcome = try await Program.run(["bash", "-c", script, "bash", file, beginning])
            #expect(outcome.output.contains(command), "\(outcome.output)\(outcome.errors)")
            #expect(outcome.errors == "")
        }
    }

    @Test(arguments: [
        ("zsh", "share/zsh/site-functions/_kube-ipvs"), ("fish", "share/fish/vendor_completions.d/kube-ipvs.fish"),
    ])
    func `the completion of another shell is text that the shell takes`(shell: String, file: String) async throws {
        try await Self.withInstallation { target in
            let text = try String(contentsOfFile: "\(target)/\(file)", encoding: .utf8)
            #expect(text.contains("status") && text.contains("explain"))
            guard try await Self.has(shell) else { return }
            let outcome = try await Program.run([shell, "-n", "\(target)/\(file)"])
            #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
        }
    }

    @Test func `without a program it says what builds one, and installs nothing`() async throws {
        let target = FileManager.default.temporaryDirectory.appending(path: "install-\(UUID())").path
        let outcome = try await Program.run([
            "make", "-C", Self.root, "install", "DESTDIR=\(target)", "BINARY=/none",
        ])
        #expect(
            outcome.status != 0 && outcome.errors.contains("make install: there is no /none: make release builds it"))
        #expect(!FileManager.default.fileExists(atPath: target))
    }
}
