// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubeProxyConfig

/// Whether what is to tell pods of this node from everybody else can tell them.
extension NodeEvidence {
    var localTraffic: [NodeFinding] {
        guard let detectLocalMode else { return [] }
        let findings: [NodeFinding]
        switch detectLocalMode {
        case .clusterCIDR(let networks): findings = clusterNetworks(networks)
        case .nodeCIDR: findings = nodeNetworks
        case .bridgeInterface(let name):
            findings = interfaces.contains(name) ? [] : [Self.noInterface("detectLocal.bridgeInterface: \(name)")]
        case .interfaceNamePrefix(let prefix):
            let isThere = interfaces.contains { $0.hasPrefix(prefix) }
            findings = isThere ? [] : [Self.noInterface("detectLocal.interfaceNamePrefix: \(prefix)")]
        }
        return findings.isEmpty
            ? [NodeFinding(.ok, "local traffic", "\(Self.text(detectLocalMode)) fits this node")] : findings
    }

    private func clusterNetworks(_ networks: [IPPrefix]) -> [NodeFinding] {
        guard !networks.isEmpty else {
            guard !masqueradesAll else { return [] }
            return [
                NodeFinding(
                    .notice, "local traffic",
                    "there is neither clusterCIDR nor masqueradeAll: the node itself may not reach Services whose endpoints are on other "
                        + "nodes. Set clusterCIDR to the cluster's pod network")
            ]
        }
        var findings: [NodeFinding] = []
        for pods in podNetworks ?? [] {
            let own = networks.filter { $0.family == pods.family }
            if own.isEmpty {
                findings.append(
                    NodeFinding(
                        .warning, "local traffic",
                        "pods of this node have \(pods), and clusterCIDR (\(Self.list(networks))) has no network of \(pods.family): their "
                            + "traffic to Services of the family counts as coming from outside of the cluster"))
            } else if !own.contains(where: { $0.length <= pods.length && $0.contains(pods.address) }) {
                findings.append(
                    NodeFinding(
                        .warning, "local traffic",
                        "pods of this node have \(pods), which is not in clusterCIDR (\(Self.list(own))): their traffic to Services counts "
                            + "as coming from outside of the cluster, and is masqueraded"))
            }
        }
        if let podNetworks, !podNetworks.isEmpty {
            for network in networks where !podNetworks.contains(where: { $0.family == network.family }) {
                findings.append(
                    NodeFinding(
                        .notice, "local traffic",
                        "clusterCIDR has \(network), and the Node has no podCIDR of \(network.family)"))
            }
        }
        let inside = clusterIPAddresses.filter { address in networks.contains { $0.contains(address) } }.sorted()
        if let first = inside.first {
            findings.append(
                NodeFinding(
                    .warning, "local traffic",
                    "\(inside.count) cluster IPs (\(first)\(inside.count > 1 ? ", …" : "")) are in clusterCIDR (\(Self.list(networks))): pods "
                        + "and Services share addresses"))
        }
        return findings
    }

    /// The daemon waits for them at its start, and ends when they do not come.
    private var nodeNetworks: [NodeFinding] {
        guard let podNetworks, podNetworks.isEmpty else { return [] }
        return [
            NodeFinding(
                .warning, "local traffic",
                "detectLocalMode is NodeCIDR, and the Node has no podCIDRs: the daemon waits five minutes for them, and then ends"
            )
        ]
    }

    private static func noInterface(_ field: String) -> NodeFinding {
        NodeFinding(
            .notice, "local traffic", "\(field): there is no such interface yet; without it no traffic counts as local")
    }

    private static func list(_ networks: [IPPrefix]) -> String {
        networks.map(\.description).joined(separator: ",")
    }

    private static func text(_ mode: EffectiveSettings.DetectLocalMode) -> String {
        switch mode {
        case .clusterCIDR(let networks): networks.isEmpty ? "masqueradeAll" : "clusterCIDR \(list(networks))"
        case .nodeCIDR: "NodeCIDR"
        case .bridgeInterface(let name): "bridge \(name)"
        case .interfaceNamePrefix(let prefix): "interfaces \(prefix)…"
        }
    }
}
