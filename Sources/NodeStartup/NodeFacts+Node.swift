// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import KubeProxyConfig
package import KubernetesObjects
package import ServicePlan

extension NodeFacts {
    /// The node's own addresses: `bindAddress` where it is set, else those of the Node object, else loopback, as kube-proxy
    /// has it. They decide only about source ranges and `nodePortAddresses: [primary]`.
    package init(
        _ settings: EffectiveSettings,
        node: Node?,
        interfaceAddresses: Set<IPAddress>,
        surroundings: NodeSurroundings = NodeSurroundings()
    ) {
        var nodeIPs: [IPFamily: IPAddress] = [:]
        for address in [settings.bindAddress].compactMap(\.self) + (node?.addresses ?? [])
        where nodeIPs[address.family] == nil {
            nodeIPs[address.family] = address
        }
        if nodeIPs.isEmpty {
            nodeIPs = [.v4: IPAddress(v4: 0x7f00_0001), .v6: IPAddress(high: 0, low: 1)]
        }
        self.init(
            name: settings.nodeName,
            zone: node?.zone,
            nodeIPs: nodeIPs,
            interfaceAddresses: interfaceAddresses,
            surroundings: surroundings
        )
    }
}
