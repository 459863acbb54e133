// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

extension KubeProxyConfiguration {
    static let healthPort = 10256
    static let metricsPort = 10249

    /// What a document is read into: the defaults, but for those that depend on another field.
    static var unread: KubeProxyConfiguration {
        var configuration = KubeProxyConfiguration()
        configuration.healthzBindAddress = ""
        configuration.metricsBindAddress = ""
        return configuration
    }

    /// Puts the default where a document says zero or nothing, as kube-proxy does: a period of `0s` is no period there.
    mutating func fillDefaults() {
        let defaults = KubeProxyConfiguration()
        Self.fill(&bindAddress, where: "", defaults.bindAddress)

        // An address that cannot be read, such as "[::]", counts as IPv6.
        let isIPv4 = IPAddress(bindAddress)?.family == .v4
        healthzBindAddress = BindAddress.text(
            healthzBindAddress.isEmpty ? (isIPv4 ? "0.0.0.0" : "::") : healthzBindAddress,
            defaultPort: Self.healthPort
        )
        metricsBindAddress = BindAddress.text(
            metricsBindAddress.isEmpty ? (isIPv4 ? "127.0.0.1" : "::1") : metricsBindAddress,
            defaultPort: Self.metricsPort
        )

        Self.fill(&iptables.syncPeriod, where: .zero, defaults.iptables.syncPeriod)
        Self.fill(&iptables.minSyncPeriod, where: .zero, defaults.iptables.minSyncPeriod)
        Self.fill(&ipvs.syncPeriod, where: .zero, defaults.ipvs.syncPeriod)
        Self.fill(&nftables.syncPeriod, where: .zero, defaults.nftables.syncPeriod)
        Self.fill(&nftables.minSyncPeriod, where: .zero, defaults.nftables.minSyncPeriod)
        Self.fill(&configSyncPeriod, where: .zero, defaults.configSyncPeriod)
        Self.fill(&clientConnection.contentType, where: "", defaults.clientConnection.contentType)
        Self.fill(&clientConnection.qps, where: 0, defaults.clientConnection.qps)
        Self.fill(&clientConnection.burst, where: 0, defaults.clientConnection.burst)
        Self.fill(&logging.format, where: "", defaults.logging.format)
        Self.fill(&logging.flushFrequency, where: .zero, defaults.logging.flushFrequency)
    }

    private static func fill<Value: Equatable>(_ value: inout Value, where unset: Value, _ standard: Value) {
        if value == unset { value = standard }
    }
}
