// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// How virtual IPs are the node's own.
extension NodeEvidence {
    /// More addresses than this are worth a warning. In the kernel each one that is added goes by all that are there, so a load
    /// takes time that grows with the square of their number. With 2,000 that is not yet felt; other programs feel it.
    private static let manyAddresses = 2_000

    var virtualIPs: NodeFinding {
        let found = "\(boundVirtualIPs) addresses of \(DummyLink.name) and \(routedVirtualIPs) local routes are there"
        switch virtualIPMode {
        case .routes:
            guard boundVirtualIPs > 0 else { return NodeFinding(.ok, "virtual IPs", found) }
            return NodeFinding(
                .notice, "virtual IPs", "\(found); the daemon would make all of them routes, with connections open")
        case .addresses:
            let count = max(boundVirtualIPs, wantedVirtualIPs)
            if count > Self.manyAddresses {
                let wanted = wantedVirtualIPs > boundVirtualIPs ? ", and Services want \(wantedVirtualIPs)" : ""
                return NodeFinding(
                    .warning, "virtual IPs",
                    "\(found)\(wanted): every program that lists the node's addresses pays for each (agents of monitoring, "
                        + "BIRD, SSSD, NetworkManager), and a load takes time that grows with the square of their number. "
                        + "--virtual-ips=routes, or KUBE_IPVS_VIRTUAL_IPS=routes, makes them local routes instead")
            }
            guard routedVirtualIPs > 0 else { return NodeFinding(.ok, "virtual IPs", found) }
            return NodeFinding(
                .notice, "virtual IPs", "\(found); the daemon would make all of them addresses, with connections open")
        }
    }
}
