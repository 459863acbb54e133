import Subprocess
import Testing

/// A program that ended with another status than 0, or could not be started.
struct CommandFailure: Error, CustomStringConvertible {
    var command: [String]
    var reason: String

    var description: String { "`\(command.joined(separator: " "))`: \(reason)" }
}

/// Runs a program and gives back what it wrote to its standard output, without the last line's end.
///
/// - Throws: `CommandFailure` when it fails, with what it wrote to its standard error.
@discardableResult
func command(_ words: [String]) async throws -> String {
    let name = try #require(words.first)
    let result = try await run(
        .name(name),
        arguments: Arguments(Array(words.dropFirst())),
        output: .string(limit: 64 << 20),
        error: .string(limit: 1 << 20)
    )
    guard result.terminationStatus.isSuccess else {
        throw CommandFailure(command: words, reason: "\(result.terminationStatus) \(result.standardError)")
    }
    let text = result.standardOutput
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
}

@discardableResult
func command(_ words: String...) async throws -> String {
    try await command(words)
}

/// Waits until `condition` holds, asking again and again.
///
/// - Parameters:
///   - what: what is waited for, for the message of the failure.
///   - limit: generous, for an emulated machine: it costs time only when the test fails.
func eventually(
    _ what: String,
    within limit: Duration = .seconds(60),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "not within \(limit): \(what)")
        try await Task.sleep(for: .milliseconds(20))
    }
}
