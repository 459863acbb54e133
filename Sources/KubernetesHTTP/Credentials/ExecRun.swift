import Glibc
import KubernetesObjects
import Logging
import Subprocess
import SystemPackage

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
        do {
            return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
                group.addTask { try await collect() }
                group.addTask {
                    try await Task.sleep(for: timeLimit)
                    return nil
                }
                defer { group.cancelAll() }
                guard let output = try await group.next() ?? nil else {
                    throw failure("did not end within \(timeLimit) and was stopped")
                }
                return output
            }
        } catch let error as CredentialError {
            throw error
        } catch let error as SubprocessError where error.code == .executableNotFound {
            let hint = plugin.installHint.isEmpty ? "" : "; \(plugin.installHint.oneLine)"
            throw failure("is not installed\(hint)")
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw failure("prints more than \(Self.outputLimit >> 20) MiB")
        } catch {
            throw failure("cannot be run: \(error)")
        }
    }

    /// Our limits of name resolution are for somebody who tries again in a moment, which a plugin does not.
    static func changes(toInherited options: String?) -> [Environment.Key: String?] {
        options == NameResolution.limits ? [.init(stringLiteral: NameResolution.variable): nil] : [:]
    }

    private func collect() async throws -> [UInt8] {
        var additions: [Environment.Key: String?] = ["KUBERNETES_EXEC_INFO": String(decoding: info.text, as: UTF8.self)]
        let inherited = unsafe getenv(NameResolution.variable).map { unsafe String(cString: $0) }
        additions.merge(Self.changes(toInherited: inherited)) { $1 }
        for (name, value) in plugin.environment {
            guard let key = Environment.Key(rawValue: name) else { continue }
            additions[key] = value.value
        }
        var options = PlatformOptions()
        // What the plugin has started in turn goes with it, and holds no pipe open.
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
        ]
        let result = try await Subprocess.run(
            plugin.command.contains("/") ? .path(FilePath(plugin.command)) : .name(plugin.command),
            arguments: Arguments(plugin.arguments),
            environment: .inherit.updating(additions),
            platformOptions: options,
            input: .none,
            output: .bytes(limit: Self.outputLimit),
            error: .bytes(limit: Self.outputLimit)
        )
        let words = PluginWords(result.standardError).description
        switch result.terminationStatus {
        case .exited(0):
            if !words.isEmpty {
                logger.warning("credential plugin", metadata: ["command": "\(plugin.command)", "stderr": "\(words)"])
            }
            return result.standardOutput
        case .exited(let code): throw failure("ended with exit code \(code)\(words.isEmpty ? "" : ": \(words)")")
        case .signaled(let signal): throw failure("was ended by signal \(signal)")
        }
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
