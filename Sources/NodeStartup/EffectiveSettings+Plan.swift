// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import DataplaneModel
package import KubeProxyConfig
package import NodeSync
package import ServicePlan

extension EffectiveSettings {
    /// What the passes of a node depend on.
    package func sync(_ families: [IPFamily], gracefulTimeout: Duration) -> SyncSettings {
        SyncSettings(
            families: families,
            minSyncPeriod: minSyncPeriod,
            syncPeriod: syncPeriod,
            gracefulTimeout: gracefulTimeout,
            excludedNetworks: excludedNetworks,
            virtualIPs: virtualIPs
        )
    }

    package var plan: PlanConfiguration {
        PlanConfiguration(
            scheduler: scheduler,
            nodePortAddresses: nodePortAddresses,
            allowsExternalIPs: featureGates.allowServiceExternalIPs,
            attractsVitalAddresses: attractsVitalAddresses
        )
    }

    /// - Parameter podNetworks: of the own Node.
    package func rules(for family: IPFamily, podNetworks: [IPPrefix]) -> RuleConfiguration {
        RuleConfiguration(
            masqueradeMark: 1 << UInt32(masqueradeBit),
            masqueradeAll: masqueradeAll,
            localDetector: localDetector(for: family, podNetworks: podNetworks),
            ownTraffic: OwnTraffic(virtualIPs)
        )
    }

    private func localDetector(for family: IPFamily, podNetworks: [IPPrefix]) -> LocalTrafficDetector {
        switch detectLocalMode {
        case .clusterCIDR(let networks):
            networks.first { $0.family == family }.map(LocalTrafficDetector.clusterCIDR) ?? .none
        case .nodeCIDR:
            podNetworks.first { $0.family == family }.map(LocalTrafficDetector.clusterCIDR) ?? .none
        case .bridgeInterface(let name): .bridgeInterface(name)
        case .interfaceNamePrefix(let prefix): .interfaceNamePrefix(prefix)
        }
    }
}
