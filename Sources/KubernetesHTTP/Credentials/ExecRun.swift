// SPDX-License-Identifier: GPL-2.0-or-later
import ChildPrograms
import Glibc
import KubernetesObjects
import Logging

/// One run of a credential plugin.
struct ExecRun: Sendable {
    var plugin: ExecPlugin
    /// `KUBERNETES_EXEC_INFO`.
    var info: JSONValue
    /// For what the plugin says on its standard error.
    var logger: Logger
    var timeLimit = Duration.seconds(60)

    private static let outputLimit = 1 << 20

    /// Runs the plugin.
    func credential() async -> Result<ExecCredential, CredentialError> {
        do throws(CredentialError) {
            let output = try await output()
            do throws(CredentialError) {
                return .success(try ExecCredential(output: output, version: plugin.version))
            } catch {
                throw failure("\(error)")
            }
        } catch {
            return .failure(error)
        }
    }

    private func output() async throws(CredentialError) -> [UInt8] {
        let outcome: ChildProgram.Outcome
        do throws(ChildProgram.Failure) {
            outcome = try await program.run()
        } catch {
            throw failure(error)
        }
        let words = PluginWords(outcome.standardError).description
        switch outcome.end {
        case .exited(0):
            if !words.isEmpty {
                logger.warning("credential plugin", metadata: ["command": "\(plugin.command)", "stderr": "\(words)"])
            }
            return outcome.standardOutput
        case .exited(let code): throw failure("ended with exit code \(code)\(words.isEmpty ? "" : ": \(words)")")
        case .signaled(let signal): throw failure("was ended by signal \(signal)")
        }
    }

    private var program: ChildProgram {
        var program = ChildProgram(plugin.command, plugin.arguments)
        program.environment["KUBERNETES_EXEC_INFO"] = String(decoding: info.text, as: UTF8.self)
        let inherited = unsafe getenv(NameResolution.variable).map { unsafe String(cString: $0) }
        program.environment.merge(Self.changes(toInherited: inherited)) { $1 }
        program.environment.merge(plugin.environment.mapValues(\.value)) { $1 }
        program.outputLimit = Self.outputLimit
        program.errorLimit = Self.outputLimit
        program.timeLimit = timeLimit
        return program
    }

    private func failure(_ error: ChildProgram.Failure) -> CredentialError {
        switch error {
        case .notInstalled:
            failure("is not installed\(plugin.installHint.isEmpty ? "" : "; \(plugin.installHint.oneLine)")")
        case .printsTooMuch: failure("prints more than \(Self.outputLimit >> 20) MiB")
        case .tookTooLong: failure("did not end within \(timeLimit) and was stopped")
        case .cancelled: failure("was stopped: nobody waits for it any more")
        case .notRun(let words): failure("cannot be run: \(words)")
        }
    }

    /// Our limits of name resolution are for somebody who tries again in a moment, which a plugin does not.
    static func changes(toInherited options: String?) -> [String: String?] {
        options == NameResolution.limits ? [NameResolution.variable: nil] : [:]
    }

    private func failure(_ words: String) -> CredentialError {
        CredentialError("the credential plugin \(plugin.command) \(words)")
    }
}

extension String {
    /// Without what would break a line of a log.
    var oneLine: String {
        split(whereSeparator: \.isNewline).joined(separator: " ")
            .filter { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } }
    }
}
