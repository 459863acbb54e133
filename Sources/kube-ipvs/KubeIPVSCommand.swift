// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import KubernetesHTTP
import NodeDaemon

/// `kube-ipvs`.
@main
struct KubeIPVSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-ipvs",
        abstract: "Gives Kubernetes Services their virtual IPs through the kernel's IPVS.",
        subcommands: [
            RunCommand.self, StatusCommand.self, TopCommand.self, DumpCommand.self, ExplainCommand.self,
            TraceCommand.self, PlanCommand.self, CheckCommand.self, HealthyCommand.self, DiagCommand.self,
            CleanupCommand.self, VersionCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )

    /// kube-proxy's command line works with this program's name in its place: without the name of a command it is `run`, and
    /// flags may be written as kube-proxy's parser takes them.
    static func main() async {
        NameResolution.limit()
        OpenFileLimit.raise()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if let word = arguments.first { try CommandName.check(word, among: commandNames) }
            var command = try parseAsRoot(normal(arguments))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error, of: arguments.first)
        }
    }

    /// The commands, and the one that ArgumentParser adds.
    private static var commandNames: [String] {
        configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    }

    private static func normal(_ arguments: [String]) -> [String] {
        switch arguments.first {
        case let command? where ["run", "explain", "plan", "check", "healthy", "trace", "diag"].contains(command):
            [command] + KubeProxyFlags.normalizing(Array(arguments.dropFirst()))
        case "--help", "-h": arguments
        case let first? where first.hasPrefix("-"): KubeProxyFlags.normalizing(arguments)
        default: arguments
        }
    }

    /// Says what is wrong, each line as one, and ends.
    ///
    /// What is wrong with flags or configuration is status 1, as with kube-proxy, whatever it is. ArgumentParser would end with
    /// 64 (`EX_USAGE`) for it; `dump`, whose options are ipvsadm's, still does.
    private static func end(with error: any Error, of command: String?) -> Never {
        let status = exitCode(for: error)
        // The help and the version go to the standard output.
        if status.isSuccess { exit(withError: error) }
        let message = fullMessage(for: error)
        if !message.isEmpty {
            message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                .forEach(StandardError.write)
        }
        exit(withError: status == .validationFailure && command != "dump" ? ExitCode.failure : status)
    }
}
