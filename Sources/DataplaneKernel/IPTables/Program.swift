// SPDX-License-Identifier: GPL-2.0-or-later
import ChildPrograms
import Glibc
public import Reconcile

/// One run of an iptables program.
struct Program {
    var name: String
    var arguments: [String] = []
    /// What the program reads on its standard input.
    var input = ""
    /// What differs from this process's environment, beside `PATH`.
    var environment: [String: String?] = [:]

    /// How a run ended.
    struct Outcome: Sendable {
        /// `nil` when a signal ended the program.
        var exitCode: Int32?
        var standardOutput: String
        var standardError: String

        var isSuccess: Bool { exitCode == 0 }
    }

    /// Rules of others may be many: 100,000 are some 15 MB.
    private static let outputLimit = 64 << 20
    /// iptables waits up to five seconds for the lock, and a large ruleset takes seconds to read.
    private static let timeLimit = Duration.seconds(30)

    /// - Throws: when the program is not installed, cannot be started, prints too much or takes too long. A failure that
    ///   the program itself tells is an outcome.
    func run() async throws(DataplaneError) -> Outcome {
        var program = ChildProgram(name, arguments)
        program.environment = environment.merging(["PATH": Self.searchPath]) { $1 }
        program.input = Array(input.utf8)
        program.outputLimit = Self.outputLimit
        program.timeLimit = Self.timeLimit
        do throws(ChildProgram.Failure) {
            let outcome = try await program.run()
            var exitCode: Int32?
            if case .exited(let code) = outcome.end { exitCode = code }
            return Outcome(
                exitCode: exitCode,
                standardOutput: String(decoding: outcome.standardOutput, as: UTF8.self),
                standardError: String(decoding: outcome.standardError, as: UTF8.self)
            )
        } catch {
            throw failure(error)
        }
    }

    func failure(_ words: String) -> DataplaneError {
        DataplaneError(part: .rules, explanation: "\(name) \(words)")
    }

    private func failure(_ error: ChildProgram.Failure) -> DataplaneError {
        switch error {
        case .notInstalled:
            DataplaneError(
                part: .rules,
                number: ENOENT,
                explanation: "the program \(name) is not installed: it is in the package iptables"
            )
        case .printsTooMuch: failure("prints more than \(Self.outputLimit >> 20) MiB")
        case .tookTooLong: failure("did not end within \(Self.timeLimit) and was stopped")
        case .cancelled: failure("was stopped: the daemon is about to end")
        case .notRun(let words): failure("cannot be run: \(words)")
        }
    }

    /// `PATH`, and the directories that are missing in it for all but root on some distributions.
    private static var searchPath: String {
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) }
        return [path, "/usr/sbin:/sbin:/usr/bin"].compactMap(\.self).joined(separator: ":")
    }
}

extension DataplaneError {
    /// Whether it is that a program of iptables is not installed, or that the kernel has not the packet filter it speaks to:
    /// there are no rules of that variant then.
    public var meansNoRules: Bool { part == .rules && (number == ENOENT || number == EPROTONOSUPPORT) }
}
