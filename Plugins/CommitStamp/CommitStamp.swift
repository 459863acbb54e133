// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import PackagePlugin

/// Notes the commit that is built, for `--version`.
///
/// It is `KUBE_IPVS_COMMIT` of the environment where that is set, as in the build of an image, which has no repository; else
/// the commit that is checked out; else it is unknown, also where the sources lie inside of another repository. The reflog is an input, for SwiftPM asks a plugin only when the package
/// itself has changed, and runs its command whenever an input has.
@main
struct CommitStamp: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
        let package = context.package.directoryURL
        let source = context.pluginWorkDirectoryURL.appending(path: "Commit.swift")
        let given = ProcessInfo.processInfo.environment["KUBE_IPVS_COMMIT"]
        return [
            .buildCommand(
                displayName: "Noting the commit",
                executable: URL(filePath: "/bin/sh"),
                arguments: ["-c", Self.script, package.path, source.path] + (given.map { [$0] } ?? []),
                inputFiles: given == nil ? Self.history(of: package) : [],
                outputFiles: [source]
            )
        ]
    }

    /// A text that is no hash does not become source code.
    private static let script = #"""
        commit=${2-$([ -e "$0/.git" ] && git -C "$0" rev-parse HEAD 2>/dev/null)}
        case $commit in *[!0-9a-f]*) commit= ;; esac
        printf '/// Empty where it is unknown.\nlet commit = "%s"\n' "$commit" >"$1"
        """#

    /// The files of git's that change when another commit is checked out.
    private static func history(of package: URL) -> [URL] {
        var directory = package.appending(path: ".git")
        // In a linked worktree it is a file that says where the directory is.
        if let link = try? String(contentsOf: directory, encoding: .utf8), link.hasPrefix("gitdir: ") {
            let path = link.dropFirst("gitdir: ".count).trimmingCharacters(in: .whitespacesAndNewlines)
            directory = URL(filePath: path, relativeTo: package)
        }
        return ["HEAD", "logs/HEAD"].map { directory.appending(path: $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
    }
}
