import Addressing
import DataplaneModel
import ServicePlan

/// Settings as text, under the names of kube-proxy's flags. `nil` means not given.
public struct ProxyFlags: Sendable {
    public var hostnameOverride: String?
    public var bindAddress: String?
    public var minSyncPeriod: String?
    public var syncPeriod: String?
    public var gracefulTimeout: String?
    public var scheduler: String?
    public var excludeCIDRs: [String] = []
    public var tcpTimeout: String?
    public var tcpFinTimeout: String?
    public var udpTimeout: String?
    public var masqueradeAll = false
    public var masqueradeBit: Int?
    public var detectLocalMode: String?
    public var podBridgeInterface: String?
    public var podInterfaceNamePrefix: String?
    public var clusterCIDR: String?
    public var nodePortAddresses: [String] = []

    public init() {}
}

/// A setting with a value that cannot be used.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The flag or field.
    public var setting: String
    public var value: String
    /// What would be right.
    public var wanted: String

    public init(setting: String, value: String, wanted: String) {
        self.setting = setting
        self.value = value
        self.wanted = wanted
    }

    public var description: String { "\(setting): \"\(value)\" is not \(wanted)" }
}

extension ProxyConfiguration {
    /// Reads all settings, and tells all that are wrong at once.
    ///
    /// - Parameter hostname: the machine's own name, used unless `--hostname-override` is given.
    public static func reading(
        _ flags: ProxyFlags,
        hostname: String
    ) -> Result<ProxyConfiguration, ConfigurationErrors> {
        var reader = FlagReader()
        var configuration = ProxyConfiguration(nodeName: reader.nodeName(flags.hostnameOverride, hostname))
        configuration.bindAddress = reader.bindAddress(flags.bindAddress)
        configuration.syncPeriod =
            reader.duration("--ipvs-sync-period", flags.syncPeriod) ?? configuration.syncPeriod
        configuration.minSyncPeriod =
            reader.duration("--ipvs-min-sync-period", flags.minSyncPeriod) ?? configuration.minSyncPeriod
        reader.checkPeriods(configuration)
        configuration.gracefulTimeout =
            reader.duration("--graceful-timeout", flags.gracefulTimeout) ?? configuration.gracefulTimeout
        configuration.scheduler = reader.scheduler(flags.scheduler) ?? configuration.scheduler
        configuration.excludedNetworks = reader.networks("--ipvs-exclude-cidrs", flags.excludeCIDRs)
        configuration.ipvsTimeouts = IPVSTimeouts(
            tcp: reader.seconds("--ipvs-tcp-timeout", flags.tcpTimeout),
            tcpFin: reader.seconds("--ipvs-tcpfin-timeout", flags.tcpFinTimeout),
            udp: reader.seconds("--ipvs-udp-timeout", flags.udpTimeout)
        )
        configuration.masqueradeAll = flags.masqueradeAll
        configuration.masqueradeBit = reader.masqueradeBit(flags.masqueradeBit) ?? configuration.masqueradeBit
        configuration.detectLocalMode = reader.detectLocalMode(flags) ?? configuration.detectLocalMode
        configuration.clusterNetworks = reader.clusterNetworks(flags.clusterCIDR)
        configuration.nodePortAddresses = reader.nodePortAddresses(flags.nodePortAddresses)
        return reader.errors.isEmpty ? .success(configuration) : .failure(ConfigurationErrors(errors: reader.errors))
    }
}

/// Everything that is wrong with a configuration.
public struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public var errors: [ConfigurationError]

    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
