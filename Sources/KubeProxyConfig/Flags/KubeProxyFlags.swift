// SPDX-License-Identifier: GPL-2.0-or-later
public import ArgumentParser

/// kube-proxy's command line, with the flags of kube-ipvs itself.
///
/// Give it arguments that `normalizing(_:)` has been over. Values stay text here, so that `load(file:hostname:)` can tell all
/// that are wrong at once.
public struct KubeProxyFlags: ParsableArguments, Sendable {
    @OptionGroup(title: "General") var general: GeneralFlags
    @OptionGroup(title: "API server") var client: ClientFlags
    @OptionGroup(title: "Node") var node: NodeFlags
    @OptionGroup(title: "IPVS") var ipvs: IPVSFlags
    @OptionGroup(title: "Rules") var rules: RuleFlags
    @OptionGroup(title: "Connection tracking") var conntrack: ConntrackFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags
    @OptionGroup var former: FormerFlags

    public init() {}

    public func validate() throws {
        if let timeout = general.gracefulTimeout, timeout.nanoseconds < 0 {
            throw ValidationError("--graceful-timeout: \(timeout) is not a duration of 0s or more")
        }
        guard !dryRun || !cleanup && !initOnly else {
            throw ValidationError("--dry-run writes nothing: it goes with neither --cleanup nor --init-only")
        }
        guard (0...65_534).contains(dryRunPortOffset) else {
            throw ValidationError("--dry-run-port-offset: \(dryRunPortOffset) is not a number from 0 to 65534")
        }
        guard metricsVirtualServers >= 0 else {
            throw ValidationError("--metrics-virtual-servers: \(metricsVirtualServers) is not a number of 0 or more")
        }
    }

    /// The path of the configuration file; `nil` for none.
    public var configFile: String? { general.config.flatMap { $0.isEmpty ? nil : $0 } }
    /// Where the configuration is to be written to, before the end.
    public var writeConfigTo: String? { general.writeConfigTo.flatMap { $0.isEmpty ? nil : $0 } }
    /// Whether all that kube-proxy or kube-ipvs has left is to be removed, before the end.
    public var cleanup: Bool { general.cleanup?.value ?? false }
    /// Whether only what needs a privileged start is to be done, before the end.
    public var initOnly: Bool { general.initOnly?.value ?? false }
    /// Whether the daemon only reads, and tells what it would write.
    public var dryRun: Bool { general.dryRun?.value ?? false }
    /// What is added to the ports of the metrics and the health server in a dry run.
    public var dryRunPortOffset: Int { general.dryRunPortOffset ?? 100 }
    public var version: VersionRequest { general.version ?? .none }
    /// A directory with Services and EndpointSlices, instead of an API server.
    public var manifests: String? { general.manifests.flatMap { $0.isEmpty ? nil : $0 } }
    /// How long a removed real server may drain; `nil` for the default.
    public var gracefulTimeout: Duration? { general.gracefulTimeout?.duration }
    /// How many virtual servers of each family have traffic counters among the metrics; 0 for none.
    public var metricsVirtualServers: Int { general.metricsVirtualServers ?? 0 }
    /// Whether a Service may attract an address that the node cannot do without.
    public var allowAttractingVitalAddresses: Bool { general.allowAttractingVitalAddresses?.value ?? false }
}

/// What is to be done, and from where.
struct GeneralFlags: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The configuration file (KubeProxyConfiguration v1alpha1).", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp("Write the configuration with all its defaults to this file, and exit.", valueName: "file"))
    var writeConfigTo: String?

    @Option(
        help: ArgumentHelp("Remove what kube-proxy or kube-ipvs has put into the kernel, and exit.", valueName: "bool"))
    var cleanup: GoBool?

    @Option(help: ArgumentHelp("Do only what needs a privileged start, and exit.", valueName: "bool"))
    var initOnly: GoBool?

    @Option(
        help: ArgumentHelp(
            "Write nothing, and tell how the kernel differs from what would be written.", valueName: "bool"))
    var dryRun: GoBool?

    @Option(
        help: ArgumentHelp(
            "Added to the ports of the metrics and the health server in a dry run. (default: 100)", valueName: "number")
    )
    var dryRunPortOffset: Int?

    @Option(help: ArgumentHelp("Print the version, and exit; \"raw\" prints all of it.", valueName: "true|false|raw"))
    var version: VersionRequest?

    @Option(
        help: ArgumentHelp("Take Services from the YAML or JSON files here, not from an API server.", valueName: "dir"))
    var manifests: String?

    @Option(
        help: ArgumentHelp(
            "How long a removed TCP endpoint may keep its connections. (default: 15m0s)", valueName: "duration"))
    var gracefulTimeout: GoDuration?

    @Option(
        help: ArgumentHelp(
            "Of how many virtual servers of each family the metrics have traffic counters. (default: 0)",
            valueName: "number"
        )
    )
    var metricsVirtualServers: Int?

    @Option(
        help: ArgumentHelp(
            "Let Services attract the API server's and the default gateway's addresses by external or load balancer IPs.",
            valueName: "bool"
        )
    )
    var allowAttractingVitalAddresses: GoBool?

    @Option(
        name: .customLong("virtual-ips"),
        help: ArgumentHelp(
            "How virtual IPs are made the node's own. (default: what KUBE_IPVS_VIRTUAL_IPS says, else addresses)",
            valueName: "addresses|routes"
        )
    )
    var virtualIPs: String?

    @Option(help: ArgumentHelp("Feature gates as name=bool, with commas between them.", valueName: "gates"))
    var featureGates: [String] = []

    @Option(help: ArgumentHelp("Accepted, has no effect.", valueName: "files"))
    var bootIdFile: String?

    @Option(help: ArgumentHelp("Accepted, has no effect.", valueName: "files"))
    var machineIdFile: String?

    func apply(to flags: inout FlagApplier) {
        let gates = flags.configuration.featureGates.sorted { $0.key < $1.key }
        if flags.reads("feature-gates", { _ in gates.map { "\($0.key)=\($0.value)" }.joined(separator: ",") }) {
            return
        }
        guard !featureGates.isEmpty else { return }
        flags.note("feature-gates", at: "featureGates")
        for pair in featureGates.flatMap({ $0.split(separator: ",") }) {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).trimmingWhitespace() }
            if parts.count == 2, let isOn = GoBool(parts[1]) {
                flags.configuration.featureGates[parts[0]] = isOn.value
            } else {
                flags.refuse("feature-gates", String(pair), wanted: "a name with =true or =false")
            }
        }
    }
}
