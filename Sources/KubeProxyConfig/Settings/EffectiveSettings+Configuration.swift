// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

extension EffectiveSettings {
    /// The settings that a configuration comes to.
    ///
    /// - Parameters:
    ///   - hostname: the machine's own name, for a configuration without `hostnameOverride`.
    ///   - server: the API server's URL, from `--master`.
    /// - Throws: everything that is wrong.
    public init(
        _ configuration: KubeProxyConfiguration,
        hostname: String,
        server: String? = nil
    ) throws(ConfigurationError) {
        let (settings, invalid) = Self.evaluating(configuration, hostname: hostname, server: server, needsMode: true)
        guard invalid.isEmpty else { throw .invalid(invalid) }
        self = settings
    }

    /// The settings, which are not to be used when anything is invalid.
    ///
    /// - Parameter needsMode: whether the mode has to be `ipvs`. To clean up or to write a configuration any will do.
    static func evaluating(
        _ configuration: KubeProxyConfiguration,
        hostname: String,
        server: String?,
        needsMode: Bool
    ) -> (settings: EffectiveSettings, invalid: [InvalidSetting]) {
        var reader = SettingsReader()
        if needsMode {
            reader.mode(configuration.mode)
        }
        let settings = EffectiveSettings(configuration, hostname: hostname, server: server, reader: &reader)
        return (settings, reader.invalid)
    }

    private init(
        _ configuration: KubeProxyConfiguration,
        hostname: String,
        server: String?,
        reader: inout SettingsReader
    ) {
        nodeName = reader.nodeName(configuration, hostname: hostname)
        bindAddress = reader.bindAddress(configuration.bindAddress)
        healthEndpoint = reader.endpoint("healthzBindAddress", configuration.healthzBindAddress)
        metricsEndpoint = reader.endpoint("metricsBindAddress", configuration.metricsBindAddress)
        bindAddressHardFail = configuration.bindAddressHardFail
        enableProfiling = configuration.enableProfiling
        reader.showHiddenMetricsForVersion(configuration.showHiddenMetricsForVersion)

        client = Client(configuration.clientConnection, server: server, reader: &reader)
        configSyncPeriod = reader.duration("configSyncPeriod", configuration.configSyncPeriod, positive: true)
        featureGates = reader.featureGates(configuration.featureGates)
        logging = reader.logging(configuration.logging, featureGates)
        oomScoreAdjustment = reader.number("oomScoreAdj", configuration.oomScoreAdj, in: -1000...1000)
        conntrack = Conntrack(configuration.conntrack, reader: &reader)

        let ipvs = configuration.ipvs
        scheduler = reader.scheduler(ipvs.scheduler)
        excludedNetworks = reader.networks("ipvs.excludeCIDRs", ipvs.excludeCIDRs)
        strictARP = ipvs.strictARP
        ipvsTimeouts = IPVSTimeouts(
            tcp: reader.ipvsTimeout("ipvs.tcpTimeout", ipvs.tcpTimeout),
            tcpFin: reader.ipvsTimeout("ipvs.tcpFinTimeout", ipvs.tcpFinTimeout),
            udp: reader.ipvsTimeout("ipvs.udpTimeout", ipvs.udpTimeout)
        )
        syncPeriod = reader.duration("ipvs.syncPeriod", ipvs.syncPeriod, positive: true)
        minSyncPeriod = reader.minSyncPeriod("ipvs.minSyncPeriod", ipvs.minSyncPeriod, syncPeriod: ipvs.syncPeriod)

        masqueradeAll = configuration.iptables.masqueradeAll
        let bit = reader.number("iptables.masqueradeBit", configuration.iptables.masqueradeBit, in: 0...31)
        masqueradeBit = UInt8(clamping: bit)
        detectLocalMode = reader.detectLocalMode(configuration)
        nodePortAddresses = reader.nodePortAddresses(configuration.nodePortAddresses)
    }
}

extension EffectiveSettings.Conntrack {
    fileprivate init(_ conntrack: KubeProxyConfiguration.Conntrack, reader: inout SettingsReader) {
        let perCore = reader.number("conntrack.maxPerCore", conntrack.maxPerCore, in: 0...Int32.max)
        self.init(
            maximumPerCore: perCore == 0 ? nil : perCore,
            minimum: reader.number("conntrack.min", conntrack.min, in: 0...Int32.max),
            tcpEstablishedTimeout: reader.optionalDuration(
                "conntrack.tcpEstablishedTimeout",
                conntrack.tcpEstablishedTimeout
            ),
            tcpCloseWaitTimeout: reader.optionalDuration(
                "conntrack.tcpCloseWaitTimeout", conntrack.tcpCloseWaitTimeout),
            tcpBeLiberal: conntrack.tcpBeLiberal,
            udpTimeout: reader.optionalDuration("conntrack.udpTimeout", conntrack.udpTimeout),
            udpStreamTimeout: reader.optionalDuration("conntrack.udpStreamTimeout", conntrack.udpStreamTimeout)
        )
    }
}

extension EffectiveSettings.Client {
    fileprivate init(
        _ client: KubeProxyConfiguration.ClientConnection,
        server: String?,
        reader: inout SettingsReader
    ) {
        self.init(
            kubeconfig: client.kubeconfig.isEmpty ? nil : client.kubeconfig,
            server: server,
            acceptContentTypes: client.acceptContentTypes.isEmpty ? nil : client.acceptContentTypes,
            contentType: client.contentType,
            requestsPerSecond: client.qps < 0 ? nil : client.qps,
            burst: reader.number("clientConnection.burst", client.burst, in: 0...Int32.max)
        )
    }
}

extension KubeProxyConfiguration {
    /// Everything that is wrong with the values, the mode included.
    public func validate() -> [InvalidSetting] {
        // Any name will do: whether the host has one is not the configuration's fault.
        EffectiveSettings.evaluating(self, hostname: "localhost", server: nil, needsMode: true).invalid
    }
}
