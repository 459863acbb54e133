// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BuildCommit

/// `kube-ipvs version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Prints the version of this program."
    )

    static let version = "0.1.0"

    /// Such as `kube-ipvs 0.1.0 (commit 3970386de9a6)`.
    static var line: String {
        "kube-ipvs \(version)" + (BuildCommit.hash.map { " (commit \($0.prefix(12)))" } ?? "")
    }

    /// All there is to say, for `--version=raw`.
    static var raw: String {
        version + (BuildCommit.hash.map { " commit \($0)" } ?? " of an unknown commit")
    }

    func run() {
        print(Self.line)
    }
}
