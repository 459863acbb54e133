// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig

protocol ConfigurationChanging {}

extension ConfigurationChanging {
    typealias Change = @Sendable (inout KubeProxyConfiguration) -> Void

    /// The configuration that is valid by its mode alone, changed.
    func configuration(_ change: Change = { _ in }) -> KubeProxyConfiguration {
        var configuration = KubeProxyConfiguration()
        configuration.mode = "ipvs"
        change(&configuration)
        return configuration
    }
}
