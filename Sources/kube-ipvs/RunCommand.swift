// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import Logging
import NodeDaemon
import NodeStartup
import NodeSync
import ProxyTelemetry

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Keeps this node's IPVS, sets, addresses and rules as Services want them, until it is stopped.",
        discussion: """
            What it has programmed stays in the kernel when it ends: connections go on, and the next start takes it \
            over.
            The flags are kube-proxy's and mean what they mean there; --manifests, --graceful-timeout, \
            --metrics-virtual-servers, --allow-attracting-vital-addresses, --virtual-ips, --dry-run and \
            --dry-run-port-offset are its own. A flag \
            whose value is a bool needs none: --cleanup is --cleanup=true.
            """
    )

    @OptionGroup var flags: KubeProxyFlags

    func run() async throws {
        guard flags.version == .none else {
            print(flags.version == .raw ? VersionCommand.raw : VersionCommand.line)
            return
        }
        let (loaded, file) = try flags.loaded()
        let verbosity = LogVerbosity(loaded.settings.logging.verbosity)
        let logger = Self.logger(loaded.settings.logging.format, verbosity)
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["warning": "\(warning)"])
        }
        if let path = flags.writeConfigTo {
            return try ArgumentFile.write(loaded.configuration.yaml, to: path)
        }
        if flags.cleanup {
            return try await CleanupCommand.cleanUp(excluding: loaded.settings.excludedNetworks)
        }

        do {
            try OpenFileLimit.raise()?.check()
            if flags.initOnly {
                return try NodeSettings.initialize(loaded.settings, logger: logger)
            }
            let proxy = Daemon(
                settings: loaded.settings,
                gracefulTimeout: flags.gracefulTimeout,
                source: try flags.source(loaded.settings.client),
                configurationFile: file,
                start: StartFacts(
                    version: VersionCommand.version,
                    loaded.configuration,
                    flags: loaded.flags.merging([
                        "graceful-timeout":
                            "\(GoDuration(flags.gracefulTimeout ?? SyncSettings.defaultGracefulTimeout))"
                    ]) { $1 },
                    verbosity: verbosity
                ),
                virtualServerCounters: flags.metricsVirtualServers,
                isDryRun: flags.dryRun,
                logger: logger
            )
            try await proxy.run()
        } catch let error as StartError {
            logger.critical("cannot start", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        } catch let change as ConfigurationChanged {
            logger.notice("ending", metadata: ["reason": "\(change)"])
            throw ExitCode.failure
        }
    }

    /// Lines go to stderr.
    private static func logger(_ format: EffectiveSettings.Logging.Format, _ verbosity: LogVerbosity) -> Logger {
        Logger(label: "kube-ipvs") { _ in
            switch format {
            case .text: AdjustableLogHandler(TextLogHandler(), verbosity)
            case .json: AdjustableLogHandler(JSONLogHandler(), verbosity)
            }
        }
    }
}
