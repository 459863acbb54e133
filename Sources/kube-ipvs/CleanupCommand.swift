// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import KubeProxyConfig
import NodeDaemon
import NodeInspection

/// `kube-ipvs cleanup`, which is also what `--cleanup` does.
struct CleanupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup",
        abstract: "Removes from the kernel what kube-ipvs, or kube-proxy in IPVS mode, has put there.",
        discussion: """
            Stop the daemon first: it puts back what it misses. Virtual servers, rules, sets and addresses of others stay; \
            where virtual servers of others share addresses with Services, name their networks with --exclude-cidrs. \
            A second run removes nothing. The exit status is 1 when something could not be removed. \
            --dry-run says what would be removed, and removes nothing.
            """
    )

    @Option(help: ArgumentHelp("Take ipvs.excludeCIDRs from this configuration file.", valueName: "file"))
    var config: String?

    @Option(
        name: [.customLong("exclude-cidrs"), .customLong("ipvs-exclude-cidrs")],
        help: ArgumentHelp(
            "Networks whose virtual servers are somebody else's, with commas between them.", valueName: "networks"))
    var excludedNetworks: [String] = []

    @Flag(name: .customLong("dry-run"), help: "Only say what would be removed.")
    var isRehearsal = false

    func run() async throws {
        var networks = try excludedNetworks.flatMap { $0.split(separator: ",") }.map { text in
            guard let network = IPPrefix(String(text)) else {
                throw ValidationError("--exclude-cidrs: '\(text)' is not a network such as 10.0.0.0/8")
            }
            return network
        }
        if let config {
            let flags = try KubeProxyFlags.parse(["--config", config, "--cleanup", "true"])
            networks += try flags.loaded().0.settings.excludedNetworks
        }
        try await Self.cleanUp(excluding: networks, isRehearsal: isRehearsal)
    }

    /// Cleans up, says what was removed on the standard output and what could not be on the standard error.
    static func cleanUp(excluding networks: [IPPrefix], isRehearsal: Bool = false) async throws {
        // Each of its parts would say the same. IPVS is not even listed for anybody else.
        guard NodeCleanup.isPermitted else {
            StandardError.write("cleaning up needs the capability CAP_NET_ADMIN: run it as root")
            throw ExitCode.failure
        }
        let report = await NodeCleanup.run(excluding: networks, isRehearsal: isRehearsal)
        try OutputDescriptor.standardOutput.write(lines: report.lines)
        report.failureLines.forEach(StandardError.write)
        guard report.failureLines.isEmpty else { throw ExitCode.failure }
    }
}
