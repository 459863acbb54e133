import ArgumentParser
import KubeProxyConfig
import KubernetesHTTP
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
        let file = try flags.configFile.map { path in
            NodeProxy.ConfigurationFile(path: path, contents: try ArgumentFile.read(path))
        }
        let loaded = try load(file)
        let logger = Self.logger(loaded.settings.logging)
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
            if flags.initOnly {
                return try NodeSettings.initialize(loaded.settings, logger: logger)
            }
            let proxy = NodeProxy(
                settings: loaded.settings,
                gracefulTimeout: flags.gracefulTimeout,
                source: try source(loaded.settings.client),
                configurationFile: file,
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
        } catch let change as ConfigurationChanged {
            logger.notice("ending", metadata: ["reason": "\(change)"])
            throw ExitCode.failure
        }
    }

    private func source(_ client: EffectiveSettings.Client) throws(StartError) -> ObjectSource {
        if let manifests = flags.manifests { return .manifests(manifests) }
        do throws(ConnectionError) {
            return .cluster(
                try ClusterConnection.find(
                    kubeconfig: client.kubeconfig ?? "",
                    server: client.server ?? "",
                    environment: HostFacts.environment
                )
            )
        } catch {
            throw StartError("\(error)")
        }
    }

    private func load(_ file: NodeProxy.ConfigurationFile?) throws -> LoadedConfiguration {
        do {
            let text = file.map { String(decoding: $0.contents, as: UTF8.self) }
            return try flags.load(file: text, hostname: HostFacts.hostname)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Lines go to stderr. Kubernetes' verbosity counts up from 0, which is what an operator wants once.
    private static func logger(_ logging: EffectiveSettings.Logging) -> Logger {
        var logger = Logger(label: "kube-ipvs") { label in
            switch logging.format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler()
            }
        }
        logger.logLevel =
            switch logging.verbosity {
            case ..<2: .info
            case 2...3: .debug
            default: .trace
            }
        return logger
    }
}
