// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Subprocess
import Testing

/// The program as a shell would run it.
enum Program {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Built beside the tests.
    static var path: String {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "kube-ipvs").path
    }

    /// - Parameter words: before the program, such as `setpriv` with its options.
    static func run(_ arguments: String..., through words: [String] = []) async throws -> Outcome {
        try await run(words + [path] + arguments)
    }

    static func run(_ words: [String]) async throws -> Outcome {
        // A name, and not a path, is what can be given.
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(words), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard case .exited(let status) = result.terminationStatus else {
            Issue.record("\(words) ended with \(result.terminationStatus)")
            return Outcome(status: -1, output: result.standardOutput, errors: result.standardError)
        }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }
}
