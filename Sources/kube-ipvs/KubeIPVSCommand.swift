import ArgumentParser

/// `kube-ipvs`.
@main
struct KubeIPVSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-ipvs",
        abstract: "Gives Kubernetes Services their virtual IPs through the kernel's IPVS.",
        subcommands: [RunCommand.self, DumpCommand.self, VersionCommand.self],
        defaultSubcommand: RunCommand.self
    )
}
