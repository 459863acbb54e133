import ArgumentParser
import KubeProxyConfig
import Logging
import ProxyService

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Keeps this node's IPVS, sets, addresses and rules as Services want them, until it is stopped.",
        discussion: """
            What it has programmed stays in the kernel when it ends: connections go on, and the next start takes it over.
            The flags are kube-proxy's and mean what they mean there; --manifests, --graceful-timeout and
            --metrics-virtual-servers are its own.
            """
    )

    @OptionGroup var flags: KubeProxyFlags

    func run() async throws {
        guard flags.version == .none else {
            print(flags.version == .raw ? VersionCommand.version : "kube-ipvs \(VersionCommand.version)")
            return
        }
        let loaded = try load()
        let logger = Self.logger(verbosity: loaded.settings.logging.verbosity)
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["warning": "\(warning)"])
        }
        if let path = flags.writeConfigTo {
            return try TextFile.write(loaded.configuration.yaml, to: path)
        }
        guard !flags.cleanup, !flags.initOnly else {
            throw ValidationError("--cleanup and --init-only are not supported yet")
        }
        guard let manifests = flags.manifests else {
            throw ValidationError("--manifests DIR is needed: the API server is not supported yet")
        }

        do {
            let proxy = NodeProxy(
                settings: loaded.settings,
                gracefulTimeout: flags.gracefulTimeout,
                manifests: manifests,
                start: StartFacts(
                    version: VersionCommand.version,
                    loaded.configuration,
                    flags: KubeProxyFlags.values(in: CommandLine.arguments)
                ),
                virtualServerCounters: flags.metricsVirtualServers,
                logger: logger
            )
            try await proxy.run()
        } catch let error as StartError {
            logger.critical("cannot start", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    private func load() throws -> LoadedConfiguration {
        let file = try flags.configFile.map { try TextFile.read($0) }
        do {
            return try flags.load(file: file, hostname: HostFacts.hostname)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Lines go to stderr. Kubernetes' verbosity counts up from 0, which is what an operator wants once.
    private static func logger(verbosity: Int) -> Logger {
        var logger = Logger(label: "kube-ipvs", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel =
            switch verbosity {
            case ..<2: .info
            case 2...3: .debug
            default: .trace
            }
        return logger
    }
}
