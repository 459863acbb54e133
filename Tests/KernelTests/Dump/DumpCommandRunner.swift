import Foundation
import Subprocess
import Testing

/// `kube-ipvs dump`, built beside the test bundle.
func dump(_ options: [String]) async throws -> String {
    try await oracle(try dumpCommand(options), input: "")
}

/// The command that runs the program under test.
func dumpCommand(_ options: [String]) throws -> [String] {
    let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let program = folder.appending(path: "kube-ipvs").path
    try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
    // `oracle` takes names only.
    return ["env", program, "dump"] + options
}

/// What a program that fails says, and the status it ends with.
func failure(of command: [String]) async throws -> (status: String, standardError: String) {
    let failure = try await #require(throws: OracleFailure.self) { try await oracle(command, input: "") }
    return (failure.status, failure.standardError)
}
