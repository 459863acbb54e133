// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import KubeProxyConfig
import Logging
import NodeStartup
import Reconcile
import ServicePlan

extension NodeCheck {
    /// Looks at what Services want of this node.
    ///
    /// - Returns: a notice where they cannot be read: a node may be looked at before it has a cluster.
    static func observeObjects(
        _ settings: EffectiveSettings,
        _ source: Result<ObjectSource, StartError>,
        version: String,
        _ evidence: inout NodeEvidence
    ) async -> [NodeFinding] {
        do {
            let logger = Logger(label: "kube-ipvs", factory: { _ in SwiftLogNoOpLogHandler() })
            let inspection = try await NodeInspection(
                settings: settings, source: try source.get(), readsAllNodes: true, version: version, logger: logger)
            evidence.readObjects(inspection, interfaces: try NodeAddressMonitor().interfaceAddresses())
            return []
        } catch {
            return [NodeFinding(.notice, "objects", "Services are not looked at: \(error)")]
        }
    }
}

extension NodeEvidence {
    /// - Parameter interfaces: all addresses of this node.
    mutating func readObjects(_ inspection: NodeInspection, interfaces: [InterfaceAddress]) {
        wantedServers = inspection.wantedServers
        let used = inspection.nodePorts
        if !used.isEmpty {
            // The range is the API server's to say; it is another one where no node port is in the usual one.
            nodePorts = used.isDisjoint(with: Self.usualNodePorts) ? used : used.union(Self.usualNodePorts)
        }
        let clusterIPs = inspection.clusterIPs
        clusterIPsElsewhere = interfaces.filter { $0.interface != DummyLink.name && clusterIPs.contains($0.address) }
            .map { "\($0.address), which \($0.interface) has, is a cluster IP" }
        addressConcerns = inspection.concerns
        podNetworks = inspection.podNetworks
        clusterIPAddresses = clusterIPs
        wantedVirtualIPs = inspection.virtualIPCount
        serverCount = max(serverCount, inspection.serverCount)
    }
}
