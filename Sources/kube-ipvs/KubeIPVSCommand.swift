import ArgumentParser
import KubeProxyConfig
import KubernetesHTTP
import ProxyService

/// `kube-ipvs`.
@main
struct KubeIPVSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-ipvs",
        abstract: "Gives Kubernetes Services their virtual IPs through the kernel's IPVS.",
        subcommands: [
            RunCommand.self, DumpCommand.self, ExplainCommand.self, PlanCommand.self, CheckCommand.self,
            HealthyCommand.self, CleanupCommand.self,
            VersionCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )

    /// kube-proxy's command line works with this program's name in its place: without the name of a command it is `run`, and
    /// flags may be written as kube-proxy's parser takes them.
    static func main() async {
        NameResolution.limit()
        OpenFileLimit.raise()
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case let command? where ["run", "explain", "plan", "check", "healthy"].contains(command):
            await main([command] + KubeProxyFlags.normalizing(Array(arguments.dropFirst())))
        case "--help", "-h": await main(arguments)
        case let first? where first.hasPrefix("-"): await main(KubeProxyFlags.normalizing(arguments))
        default: await main(arguments)
        }
    }
}
