// SPDX-License-Identifier: GPL-2.0-or-later
import Subprocess

/// A program that ended with another status than 0.
public struct CommandFailure: Error, CustomStringConvertible {
    public var command: [String]
    /// Such as `exited(1)`.
    public var status: String
    public var standardError: String

    public var description: String { "`\(command.joined(separator: " "))`: \(status)\n\(standardError)" }
}

/// Runs a program of the system, such as `ipvsadm`.
///
/// - Parameters:
///   - words: the program's name and its arguments.
///   - input: what it reads on its standard input.
/// - Returns: what it wrote to its standard output.
/// - Throws: `CommandFailure` when it ends with another status than 0.
@discardableResult
public func command(_ words: [String], input: String = "") async throws -> String {
    let result = try await run(
        .name(words[0]),
        arguments: Arguments(Array(words.dropFirst())),
        input: .string(input),
        output: .string(limit: 64 << 20),
        error: .string(limit: 1 << 20)
    )
    guard result.terminationStatus.isSuccess else {
        throw CommandFailure(
            command: words,
            status: "\(result.terminationStatus)",
            standardError: result.standardError
        )
    }
    return result.standardOutput
}

@discardableResult
public func command(_ words: String...) async throws -> String {
    try await command(words)
}

/// Runs a program of the system, as `command` does.
///
/// - Returns: what it wrote to its standard output, without the last line's end, as a shell's `$(…)` has it.
@discardableResult
public func output(of words: [String], input: String = "") async throws -> String {
    let text = try await command(words, input: input)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
}

@discardableResult
public func output(of words: String...) async throws -> String {
    try await output(of: words)
}
