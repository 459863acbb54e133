import Subprocess

/// A program that a test trusts ended with a failure.
struct OracleFailure: Error, CustomStringConvertible {
    var command: [String]
    var words: String

    var description: String { "\(command.joined(separator: " ")): \(words)" }
}

/// What a program of the system prints: the tests' independent witness of what is in the kernel.
///
/// - Throws: `OracleFailure` with what the program printed as an error, when it does not end with exit code 0.
func oracle(_ command: String...) async throws -> String {
    try await oracle(program: command[0], Array(command.dropFirst()))
}

/// The same with the arguments as an array.
func oracle(program: String, _ arguments: [String]) async throws -> String {
    let result = try await Subprocess.run(
        .name(program),
        arguments: Arguments(arguments),
        output: .string(limit: 64 << 20),
        error: .string(limit: 1 << 20)
    )
    guard result.terminationStatus.isSuccess else {
        throw OracleFailure(command: [program] + arguments, words: result.standardError)
    }
    return result.standardOutput
}
