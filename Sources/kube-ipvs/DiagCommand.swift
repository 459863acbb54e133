// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneKernel
import Glibc
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import NodeDaemon
import NodeInspection
import NodeStartup
import NodeStatus
import Reconcile
import TapeArchive

/// `kube-ipvs diag`.
struct DiagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diag",
        abstract: "Gathers what a bug report needs into one tape archive.",
        discussion: """
            Version, configuration, status, check, plan, virtual servers, sets, rules, addresses, routes, settings \
            and modules of the kernel, and the logs that are to be had. Give it the daemon's flags. Secrets of the \
            kubeconfig are left out; names and addresses of your cluster are not. What cannot be had is a file with \
            the reason. Nothing on the node is changed. The exit status is 0 when there is an archive.
            """
    )

    @OptionGroup var flags: KubeProxyFlags

    @Option(help: ArgumentHelp("Write the archive to this file; \"-\" is the standard output.", valueName: "file"))
    var file = "-"
    @Option(help: ArgumentHelp("Take the daemon's log from here.", valueName: "file"))
    var daemonLog: String?

    /// In bytes, of all parts together.
    private static var totalLimit: Int { 64 << 20 }

    func validate() throws {
        try flags.refuseTasks(besides: "`diag`")
        guard file != "-" || isatty(STDOUT_FILENO) == 0 else {
            throw ValidationError(
                "name a file with --file, or send the standard output somewhere: an archive is not for a terminal")
        }
    }

    func run() async throws {
        let loaded = Result { try flags.loaded().0 }
        let redaction = Redaction(kubeconfig: try? loaded.get().settings.client.kubeconfig)
        let archive = TapeArchive(time: UnixTime.current.microseconds / 1_000_000)
        let output = try openOutput()
        var left = Self.totalLimit
        for part in ownParts(loaded) + Diagnosis.parts(logFile: daemonLog) {
            var (name, text) = await Self.collect(part)
            text = redaction.clean(text)
            let limit = min(Diagnosis.partLimit, left)
            if text.count > limit {
                text = text.prefix(limit) + Array("\n(cut here: it is \(text.count) bytes long)\n".utf8)
            }
            left = max(0, left - text.count)
            name = "kube-ipvs-diag/\(name)"
            try output.write(archive.file(name, text))
        }
        try output.write(archive.end)
        if file != "-" { StandardError.write("wrote \(file)") }
    }

    private func openOutput() throws -> OutputDescriptor {
        guard file != "-" else { return .standardOutput }
        // Readable for the owner alone, and not where a file or a link is already.
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ValidationError("cannot write \(file): \(unsafe String(cString: strerror(errno)))")
        }
        return OutputDescriptor(number: descriptor)
    }

    private static func collect(_ part: Diagnosis.Part) async -> (name: String, text: [UInt8]) {
        do {
            return (part.name, try await part.collect())
        } catch {
            return ("\(part.name).missing", Array("\(error)\n".utf8))
        }
    }

    // MARK: What the other commands say

    private func ownParts(_ loaded: Result<LoadedConfiguration, any Error>) -> [Diagnosis.Part] {
        let flags = flags
        return [
            Diagnosis.Part("version.txt") {
                Array("\(VersionCommand.raw)\n\(UnixTime.current.microTime)\n".utf8)
            },
            Diagnosis.Part("configuration.yaml") { Array(try loaded.get().configuration.yaml.utf8) },
            Diagnosis.Part("flags.txt") {
                let loaded = try loaded.get()
                let flags = loaded.flags.sorted { $0.key < $1.key }.map { "--\($0.key)=\($0.value)\n" }
                return Array((flags + loaded.warnings.map { "warning: \($0)\n" }).joined().utf8)
            },
            Diagnosis.Part("status.json") { try RunningDaemon().status().json.text },
            Diagnosis.Part("status.txt") { Self.text(try RunningDaemon().status().lines) },
            Diagnosis.Part("check.txt") {
                let settings = try loaded.get().settings
                let source = Result { () throws(StartError) in try flags.source(settings.client) }
                let (findings, _) = await NodeCheck.observe(settings, source: source, version: VersionCommand.version)
                return Self.text(findings.map { "\($0.verdict.rawValue) \($0.subject): \($0.words)" })
            },
            Diagnosis.Part("plan.txt") {
                let inspection = try await NodeInspection(
                    settings: try loaded.get().settings, source: try flags.source(try loaded.get().settings.client),
                    version: VersionCommand.version, logger: InspectionFlags.logger)
                var lines: [String] = []
                var (size, count) = (0, ChangeCount())
                let failures = try await inspection.rehearse { change in
                    count.add(change)
                    guard size < Diagnosis.partLimit else { return }
                    lines.append(change.description)
                    size += lines[lines.count - 1].utf8.count
                }
                return Self.text(lines + failures + ["\(count)"])
            },
            Diagnosis.Part("servers.txt") { try await Self.dump(["--services"]) },
            Diagnosis.Part("counters.txt") { try await Self.dump(["-n", "--stats", "--exact"]) },
            Diagnosis.Part("timeouts.txt") { try await Self.dump(["--timeout"]) },
        ]
    }

    private static func text(_ lines: [String]) -> [UInt8] {
        Array(lines.map { "\($0.visible)\n" }.joined().utf8)
    }

    private static func dump(_ options: [String]) async throws -> [UInt8] {
        // To ask for it would load it.
        guard !KernelModule.isAbsent("ip_vs") else { throw DiagnosisFailure("ip_vs is not loaded") }
        let command = try DumpCommand.parse(options)
        let names =
            options.contains("--services") ? try await ServerNameSource.find(ObjectSourceFlags.parse([])) : .none
        return try MemoryFile.contents(limit: Diagnosis.partLimit + 1) { try command.write(to: $0, names: names) }
    }
}
