// SPDX-License-Identifier: GPL-2.0-or-later
/// What `iptables-restore` says of an input that it refused.
public struct RestoreFailure: Hashable, Sendable {
    /// The program's words on one line.
    public var words: String
    /// The line of the input that they name, if they name one.
    public var line: String?

    /// - Parameters:
    ///   - standardError: such as `iptables-restore: line 7 failed`, `Error occurred at line: 7` or `line 7: CHAIN_ADD
    ///     failed (No such file or directory)`.
    ///   - input: what was given to the program.
    public init(standardError: String, input: String) {
        let lines = standardError.split(separator: "\n").filter { !$0.hasPrefix("Try `") }
        words = lines.map { $0.drop { $0 == " " } }.joined(separator: "; ")

        let separators: Set<Character> = [" ", ":", "\n", ","]
        let tokens = standardError.split { separators.contains($0) }
        let numbers = zip(tokens, tokens.dropFirst()).compactMap { $0 == "line" ? Int($1) : nil }
        let inputLines = input.split(separator: "\n", omittingEmptySubsequences: false)
        if let number = numbers.last, inputLines.indices.contains(number - 1) {
            line = String(inputLines[number - 1])
        }
    }
}
