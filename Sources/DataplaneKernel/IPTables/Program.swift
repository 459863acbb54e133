import CGNUSource
import Glibc
public import Reconcile
import Subprocess
import SystemPackage

/// One run of an iptables program.
struct Program {
    var name: String
    var arguments: [String] = []
    /// What the program reads on its standard input.
    var input = ""

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
    private static let errorLimit = 1 << 20
    /// iptables waits up to five seconds for the lock, and a large ruleset takes seconds to read.
    private static let timeLimit = Duration.seconds(30)

    /// - Throws: when the program is not installed, cannot be started, prints too much or takes too long. A failure that
    ///   the program itself tells is an outcome.
    func run() async throws(DataplaneError) -> Outcome {
        do {
            return try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask { try await collect() }
                group.addTask {
                    try await Task.sleep(for: Self.timeLimit)
                    return nil
                }
                defer { group.cancelAll() }
                guard let outcome = try await group.next() ?? nil else {
                    throw failure("did not end within \(Self.timeLimit) and was stopped")
                }
                return outcome
            }
        } catch let error as DataplaneError {
            throw error
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw DataplaneError(
                part: .rules,
                number: ENOENT,
                explanation: "the program \(name) is not installed: it is in the package iptables"
            )
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw failure("prints more than \(Self.outputLimit >> 20) MiB")
        } catch is CancellationError {
            throw failure("was stopped: the daemon is about to end")
        } catch {
            throw failure("cannot be run: \(error)")
        }
    }

    func failure(_ words: String) -> DataplaneError {
        DataplaneError(part: .rules, explanation: "\(name) \(words)")
    }

    private func collect() async throws -> Outcome {
        // Not a pipe: a program that ends before it has read all of it would end this process with SIGPIPE.
        let bytes = Array(input.utf8)
        let file = unsafe bytes.withUnsafeBytes { unsafe memory_file(name, $0.baseAddress, $0.count) }
        guard file >= 0 else { throw Errno(rawValue: errno) }

        let result = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            environment: .inherit.updating(["PATH": Self.searchPath]),
            input: .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: true),
            output: .bytes(limit: Self.outputLimit),
            error: .bytes(limit: Self.errorLimit)
        )
        var exitCode: Int32?
        if case .exited(let code) = result.terminationStatus { exitCode = code }
        return Outcome(
            exitCode: exitCode,
            standardOutput: String(decoding: result.standardOutput, as: UTF8.self),
            standardError: String(decoding: result.standardError, as: UTF8.self)
        )
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
