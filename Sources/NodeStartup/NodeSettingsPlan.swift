// SPDX-License-Identifier: GPL-2.0-or-later
package import DataplaneModel
package import KubeProxyConfig

/// Which settings of the kernel the configuration and the machine call for. Keys, values and conditions are kube-proxy's.
package struct NodeSettingsPlan: Hashable {
    /// In the order in which they are written.
    package var settings: [KernelSetting]
    /// What an operator should know of this machine.
    package var warnings: [String] = []

    /// kube-proxy 1.36 asks for no more entries than this, however many CPUs there are.
    static let largestConntrackMaximum = 1_048_576

    /// - Parameters:
    ///   - kernel: `nil` when its version cannot be read.
    ///   - processors: the number of CPUs that are on.
    package init(_ settings: EffectiveSettings, kernel: KernelVersion?, processors: Int) {
        self.settings = Self.conntrack(settings.conntrack, processors: processors)
        self.settings += [
            KernelSetting(
                "net/ipv4/vs/conntrack", .exactly(1), purpose: "masquerading of IPVS connections", isVital: true),
            KernelSetting(
                "net/ipv4/vs/expire_nodest_conn", .exactly(1), purpose: "ending of connections whose endpoint is gone"),
            KernelSetting(
                "net/ipv4/vs/expire_quiescent_template", .exactly(1),
                purpose: "way for clients with session affinity to leave an endpoint that is gone"),
            // Of IPv4 only, as in kube-proxy: IPv6 forwarding is the network plugin's.
            KernelSetting(
                "net/ipv4/ip_forward", .exactly(1), purpose: "way to endpoints from outside this node",
                isVital: true),
        ]
        addConnectionReuse(kernel)
        if settings.strictARP {
            for (key, value) in [("arp_ignore", 1), ("arp_announce", 2)] {
                self.settings.append(
                    KernelSetting("net/ipv4/conf/all/\(key)", .exactly(value), purpose: "strict ARP"))
            }
        }
    }

    /// With mode 1, a client that reuses a port waits a second for its new connection. With mode 0 the kernel before 5.9
    /// sends it to the old real server, even to one of weight 0, which kube-proxy prefers; from 5.9 on (commit
    /// 35dfb013149f) mode 1 does not make it wait any more. Before 4.1 there is no such setting.
    private mutating func addConnectionReuse(_ kernel: KernelVersion?) {
        guard let kernel, kernel < KernelVersion(5, 9) else { return }
        if kernel < KernelVersion(4, 1) {
            warnings.append("kernel \(kernel) has no net/ipv4/vs/conn_reuse_mode: a port used again may wait a second")
        } else {
            settings.append(
                KernelSetting(
                    "net/ipv4/vs/conn_reuse_mode", .exactly(0), purpose: "quick second connection from the same port"))
        }
    }

    private static func conntrack(_ conntrack: EffectiveSettings.Conntrack, processors: Int) -> [KernelSetting] {
        var settings: [KernelSetting] = []
        if let maximum = maximum(conntrack, processors: processors) {
            settings.append(
                KernelSetting(
                    "net/netfilter/nf_conntrack_max", .exactly(maximum),
                    purpose: "room for the connections of this node (conntrack.maxPerCore: 0 leaves it alone)"))
            settings.append(
                // kube-proxy writes the module's parameter `hashsize`, which is the same number. The sysctl can be written since
                // Linux 4.9 (commit 3183ab8997a4), and with less: sysfs is read-only for all but privileged containers.
                KernelSetting(
                    "net/netfilter/nf_conntrack_buckets", .atLeast(maximum / 4),
                    purpose: "quick search among so many connections (conntrack.maxPerCore: 0 leaves it alone)"))
        }
        for (key, timeout) in [
            ("tcp_timeout_established", conntrack.tcpEstablishedTimeout),
            ("tcp_timeout_close_wait", conntrack.tcpCloseWaitTimeout),
            ("udp_timeout", conntrack.udpTimeout),
            ("udp_timeout_stream", conntrack.udpStreamTimeout),
        ] {
            guard let timeout else { continue }
            settings.append(
                KernelSetting(
                    "net/netfilter/nf_conntrack_\(key)", .exactly(timeout.wholeSeconds),
                    purpose: "such timeout of tracked connections"))
        }
        if conntrack.tcpBeLiberal {
            settings.append(
                KernelSetting(
                    "net/netfilter/nf_conntrack_tcp_be_liberal", .exactly(1),
                    purpose: "leniency with packets outside of the TCP window"))
        }
        return settings
    }

    /// The limit counts even over a larger minimum.
    private static func maximum(_ conntrack: EffectiveSettings.Conntrack, processors: Int) -> Int? {
        guard let perCore = conntrack.maximumPerCore else { return nil }
        let (scaled, overflows) = perCore.multipliedReportingOverflow(by: processors)
        guard !overflows, scaled <= largestConntrackMaximum else { return largestConntrackMaximum }
        return max(scaled, conntrack.minimum)
    }
}

extension Duration {
    /// Rounded up: the kernel takes 0 for "at once".
    fileprivate var wholeSeconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) + (attoseconds > 0 ? 1 : 0)
    }
}
