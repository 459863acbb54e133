// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import Foundation
import SystemTesting
import Testing

@testable import kube_ipvs

/// What `kube-ipvs dump` prints with these options, in this process: starting the program costs seconds where the
/// machine is an emulated one. `DumpProgramTests` start it.
func dump(_ options: [String]) throws -> String {
    let dump = try DumpCommand.parse(options)
    let file = FileManager.default.temporaryDirectory.appending(path: "dump-\(UUID().uuidString)")
    try Data().write(to: file)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
    let handle = try FileHandle(forWritingTo: file)
    try dump.write(to: OutputDescriptor(number: handle.fileDescriptor))
    try handle.close()
    return try String(contentsOf: file, encoding: .utf8)
}

/// How `kube-ipvs dump` ends that fails: its exit status and its words.
func dumpFailure(_ options: [String]) throws -> (status: Int32, standardError: String) {
    let error = try #require(throws: (any Error).self) { try dump(options) }
    return (DumpCommand.exitCode(for: error).rawValue, DumpCommand.fullMessage(for: error) + "\n")
}

/// The command that runs the program itself, built beside the test bundle.
func dumpProgram(_ options: [String]) throws -> [String] {
    let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let program = folder.appending(path: "kube-ipvs").path
    try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
    // `command` takes names only.
    return ["env", program, "dump"] + options
}

/// What a program that fails says, and the status it ends with.
func failure(of words: [String]) async throws -> (status: String, standardError: String) {
    let failure = try await #require(throws: CommandFailure.self) { try await command(words) }
    return (failure.status, failure.standardError)
}
