// SPDX-License-Identifier: GPL-2.0-or-later
public import ArgumentParser
import KubeProxyConfig
public import NodeDaemon

/// `kube-ipvs healthy`.
struct HealthyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthy",
        abstract: "Asks the daemon of this node whether it is healthy: for probes.",
        discussion: """
            It asks where the configuration says that the daemon answers, so give it the daemon's flags; where the \
            health server is switched off, a local socket answers. It prints one line. The exit status is 0 when the \
            answer is yes, and 1 when it is no or nobody answers.
            """
    )

    @OptionGroup var flags: KubeProxyFlags

    @Option(
        help: ArgumentHelp(
            "ready: Services are in place, and the node is to get traffic. live: no change has waited for too long. ping: the daemon answers.",
            valueName: "ready|live|ping"
        )
    )
    var ask = HealthQuestion.ready

    func validate() throws {
        try flags.refuseTasks(besides: "`healthy`")
    }

    func run() throws {
        let verdict = HealthProbe(ask, try flags.loaded().0.settings, isDryRun: flags.dryRun).ask()
        try OutputDescriptor.standardOutput.write(lines: [verdict.words])
        guard verdict.isHealthy else { throw ExitCode.failure }
    }
}

extension HealthQuestion: ExpressibleByArgument {}
