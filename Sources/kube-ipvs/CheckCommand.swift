// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import KubernetesObjects
import NodeDaemon
import NodeInspection
import NodeStartup

/// `kube-ipvs check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Looks at this node before the daemon runs on it.",
        discussion: """
            It reads what there is and what Services want, and then tries a first pass in a network namespace of its \
            own, which loads the modules that the daemon needs. Nothing else is changed. Give it the daemon's flags. \
            The exit status is 0 when nothing is in the way, 2 when there are warnings, and 1 when the daemon would \
            not start or not serve.
            """
    )

    @OptionGroup var flags: KubeProxyFlags
    @OptionGroup var form: OutputForm

    @Option(
        help: ArgumentHelp(
            "Write a digest of at most 4096 bytes to this file too, such as a container's /dev/termination-log.",
            valueName: "file"))
    var terminationMessage: String?

    @Option(help: .hidden)
    var trial: Trial?

    func validate() throws {
        try flags.refuseTasks(besides: "`check`")
    }

    func run() async throws {
        let (loaded, _) = try flags.loaded()
        if let trial {
            return try OutputDescriptor.standardOutput.write(
                Array(await trial.run(loaded.settings).map { "\($0)\n" }.joined().utf8))
        }
        let source = Result { () throws(StartError) in try flags.source(loaded.settings.client) }
        var (findings, variant) = await NodeCheck.observe(
            loaded.settings, source: source, version: VersionCommand.version)
        findings += await Trial(variant).start()
        findings.sort { $0.verdict > $1.verdict }
        try Self.write(findings, as: form.output, to: .standardOutput)
        if let terminationMessage {
            try ArgumentFile.write(FindingDigest.text(of: findings), to: terminationMessage)
        }
        switch findings.map(\.verdict).max() {
        case .failure: throw ExitCode.failure
        case .warning: throw ExitCode(2)
        case .ok, .notice, nil: break
        }
    }

    static func write(
        _ findings: [NodeFinding],
        as form: OutputForm.Kind,
        to output: OutputDescriptor
    ) throws(OutputError) {
        switch form {
        case .text: try output.write(lines: findings.map(line))
        case .json:
            var report = try JSONReport("findings", to: output)
            for finding in findings {
                try report.add([
                    "verdict": .string(finding.verdict.rawValue), "subject": .string(finding.subject),
                    "text": .string(finding.words),
                ])
            }
            try report.end(["verdict": .string((findings.map(\.verdict).max() ?? .ok).rawValue)])
        }
    }

    private static func line(_ finding: NodeFinding) -> String {
        let verdict = finding.verdict.rawValue
        return verdict + String(repeating: " ", count: max(1, 9 - verdict.count))
            + "\(finding.subject): \(finding.words)"
    }
}
