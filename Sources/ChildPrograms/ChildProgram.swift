// SPDX-License-Identifier: GPL-2.0-or-later
import CGNUSource
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// One run of a program of the system, with bounds on its time and on what it says.
///
/// It gets a process group of its own. Whatever is left of that when the run ends, in time or not, goes with it: a wrapper
/// script leaves nobody behind. What shall live on has to take a session of its own, as daemons do.
public struct ChildProgram: Sendable {
    /// A name to look for in `PATH`, or a path.
    public var name: String
    public var arguments: [String]
    /// What differs from this process's environment; `nil` takes a variable away.
    public var environment: [String: String?] = [:]
    /// What the program reads on its standard input; `nil` for nothing at all.
    public var input: [UInt8]?
    /// In bytes, of the standard output and the standard error.
    public var outputLimit = 1 << 20
    public var errorLimit = 1 << 20
    public var timeLimit = Duration.seconds(30)

    /// How a run ended.
    public struct Outcome: Sendable {
        public enum End: Hashable, Sendable {
            case exited(Int32)
            case signaled(Int32)
        }

        public var end: End
        public var standardOutput: [UInt8]
        public var standardError: [UInt8]
    }

    /// Why there is no outcome.
    public enum Failure: Error, Hashable, Sendable {
        case notInstalled
        case printsTooMuch
        case tookTooLong
        /// The task was cancelled.
        case cancelled
        /// In words.
        case notRun(String)
    }

    /// From SIGTERM to SIGKILL.
    private static let grace = Duration.milliseconds(500)

    public init(_ name: String, _ arguments: [String] = []) {
        self.name = name
        self.arguments = arguments
    }

    /// Runs the program. Its own failure is an outcome.
    public func run() async throws(Failure) -> Outcome {
        end_groups_with_process()
        do {
            return try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask { try await collect() }
                group.addTask {
                    try await Task.sleep(for: timeLimit)
                    return nil
                }
                defer { group.cancelAll() }
                guard let outcome = try await group.next() ?? nil else { throw Failure.tookTooLong }
                return outcome
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .notInstalled
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw .printsTooMuch
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .notRun("\(error)")
        }
    }

    private func collect() async throws -> Outcome {
        guard let input else { return try await collect(.none) }
        // Not a pipe: a program that ends before it has read all of it would end this process with SIGPIPE.
        let file = unsafe input.withUnsafeBytes { unsafe memory_file(name, $0.baseAddress, $0.count) }
        guard file >= 0 else { throw Errno(rawValue: errno) }
        return try await collect(.fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: true))
    }

    private func collect(_ input: some InputProtocol) async throws -> Outcome {
        let group = Atomic<pid_t>(0)
        defer {
            // Its first process has been waited for. The number is taken as long as somebody is in the group, and nobody is given
            // it again in this moment: the kernel hands out all others first.
            let group = group.load(ordering: .relaxed)
            if group > 0 { end_group(group) }
        }
        let result = try await Subprocess.run(
            name.contains("/") ? .path(FilePath(name)) : .name(name),
            arguments: Arguments(arguments),
            environment: .inherit.updating(changes),
            platformOptions: Self.options,
            input: input,
            output: .bytes(limit: outputLimit),
            error: .bytes(limit: errorLimit)
        ) { execution in
            remember_group(execution.processIdentifier.value)
            group.store(execution.processIdentifier.value, ordering: .relaxed)
        }
        let end: Outcome.End =
            switch result.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signaled(signal)
            }
        return Outcome(end: end, standardOutput: result.standardOutput, standardError: result.standardError)
    }

    private var changes: [Environment.Key: String?] {
        var changes: [Environment.Key: String?] = [:]
        for (name, value) in environment {
            guard let key = Environment.Key(rawValue: name) else { continue }
            changes[key] = value
        }
        return changes
    }

    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: grace),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: grace),
        ]
        return options
    }
}
