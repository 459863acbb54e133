import Subprocess
import Testing

/// A program that did not end well, or not at all.
struct OracleFailure: Error, CustomStringConvertible {
    var command: [String]
    var status: String
    var standardError: String

    var description: String {
        "`\(command.joined(separator: " "))`: \(status)\n\(standardError)"
    }
}

/// Runs a program of the system, such as `ipvsadm`, whose view of the kernel is compared with ours.
///
/// - Returns: what it wrote to its standard output.
/// - Throws: `OracleFailure`, with what it wrote to its standard error, when it ends with another status than 0.
@discardableResult
func oracle(_ command: String...) async throws -> String {
    try await oracle(command, input: "")
}

/// Runs a program that reads `input`, such as `ipvsadm -R`.
@discardableResult
func oracle(_ command: [String], input: String) async throws -> String {
    let name = try #require(command.first)
    let result = try await run(
        .name(name),
        arguments: Arguments(Array(command.dropFirst())),
        input: .string(input),
        output: .string(limit: 64 << 20),
        error: .string(limit: 1 << 20)
    )
    guard result.terminationStatus.isSuccess else {
        throw OracleFailure(
            command: command, status: "\(result.terminationStatus)", standardError: result.standardError)
    }
    return result.standardOutput
}
