// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubernetesObjects
import NodeDaemon
import NodeStatus

/// `kube-ipvs status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says how the running daemon and this node fare, on one screen.",
        discussion: """
            The daemon tells it itself, on a local socket that answers root alone; neither the API server nor the \
            kernel is asked. The first line is a verdict. The exit status is 0 when all is as it should be, 1 when \
            something is not, and 2 when no daemon answers in this network namespace.
            """
    )

    @OptionGroup var form: OutputForm

    @Flag(help: "Ask a daemon that runs with --dry-run.")
    var dryRun = false

    func run() throws {
        let report: StatusReport
        do throws(DaemonAbsence) {
            report = try RunningDaemon(isDryRun: dryRun).status()
        } catch {
            StandardError.write("\(error)")
            throw ExitCode(2)
        }
        switch form.output {
        case .text: try OutputDescriptor.standardOutput.write(lines: report.lines)
        case .json: try OutputDescriptor.standardOutput.write(report.json.text + [UInt8(ascii: "\n")])
        }
        guard report.troubles.isEmpty else { throw ExitCode.failure }
    }
}
