// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import KubeProxyConfig
import Testing

@testable import NodeStartup

struct NodeSettingsPlanTests {
    private func plan(
        _ kernel: KernelVersion? = KernelVersion(6, 1),
        processors: Int = 2,
        _ change: (inout KubeProxyConfiguration) -> Void = { _ in }
    ) throws -> NodeSettingsPlan {
        var configuration = KubeProxyConfiguration()
        configuration.mode = "ipvs"
        change(&configuration)
        return NodeSettingsPlan(
            try EffectiveSettings(configuration, hostname: "node"), kernel: kernel, processors: processors)
    }

    @Test func `the defaults are kube-proxy's`() throws {
        #expect(
            try plan().settings.map(\.description) == [
                "net/netfilter/nf_conntrack_max = 131072",
                "net/netfilter/nf_conntrack_buckets >= 32768",
                "net/netfilter/nf_conntrack_tcp_timeout_established = 86400",
                "net/netfilter/nf_conntrack_tcp_timeout_close_wait = 3600",
                "net/ipv4/vs/conntrack = 1",
                "net/ipv4/vs/expire_nodest_conn = 1",
                "net/ipv4/vs/expire_quiescent_template = 1",
                "net/ipv4/ip_forward = 1",
            ])
        #expect(try plan().warnings == [])
    }

    @Test(arguments: [
        (32_768, 131_072, 1, 131_072), (32_768, 131_072, 8, 262_144), (32_768, 131_072, 32, 1_048_576),
        (32_768, 131_072, 64, 1_048_576), (32_768, 2_000_000, 64, 1_048_576), (32_768, 2_000_000, 2, 2_000_000),
        (1, 0, 4, 4), (2_147_483_647, 0, 4096, 1_048_576),
    ])
    func `the conntrack maximum grows with the CPUs, up to a limit that beats the minimum`(
        perCore: Int32, minimum: Int32, processors: Int, maximum: Int
    ) throws {
        let settings = try plan(processors: processors) {
            $0.conntrack.maxPerCore = perCore
            $0.conntrack.min = minimum
        }.settings
        #expect(settings[0].demand == .exactly(maximum))
        #expect(settings[1].demand == .atLeast(maximum / 4))
        #expect(settings[1].key == "net/netfilter/nf_conntrack_buckets")
    }

    @Test func `zero leaves the kernel's conntrack values alone`() throws {
        let settings = try plan {
            $0.conntrack.maxPerCore = 0
            $0.conntrack.tcpEstablishedTimeout = .zero
            $0.conntrack.tcpCloseWaitTimeout = .zero
        }.settings
        #expect(!settings.contains { $0.key.contains("conntrack_") })
    }

    @Test func `optional conntrack values are written when they are given`() throws {
        let settings = try plan {
            $0.conntrack.tcpBeLiberal = true
            $0.conntrack.udpTimeout = .seconds(60)
            $0.conntrack.udpStreamTimeout = .milliseconds(1_500)
        }.settings.map(\.description)
        #expect(settings.contains("net/netfilter/nf_conntrack_tcp_be_liberal = 1"))
        #expect(settings.contains("net/netfilter/nf_conntrack_udp_timeout = 60"))
        #expect(settings.contains("net/netfilter/nf_conntrack_udp_timeout_stream = 2"))
    }

    @Test(
        arguments: [
            (KernelVersion(3, 10), false, true), (KernelVersion(4, 0), false, true), (KernelVersion(4, 1), true, false),
            (KernelVersion(5, 8), true, false), (KernelVersion(5, 9), false, false),
            (KernelVersion(6, 18), false, false),
            (nil, false, false),
        ] as [(KernelVersion?, Bool, Bool)])
    func `conn_reuse_mode is switched off where it costs a second`(
        kernel: KernelVersion?, isSet: Bool, warns: Bool
    ) throws {
        let plan = try plan(kernel)
        #expect(plan.settings.contains { $0.description == "net/ipv4/vs/conn_reuse_mode = 0" } == isSet)
        #expect(plan.warnings.isEmpty == !warns)
    }

    @Test func `strict ARP is written only when it is asked for`() throws {
        #expect(try !plan().settings.contains { $0.key.contains("arp") })
        let settings = try plan { $0.ipvs.strictARP = true }.settings.map(\.description)
        #expect(settings.contains("net/ipv4/conf/all/arp_ignore = 1"))
        #expect(settings.contains("net/ipv4/conf/all/arp_announce = 2"))
    }
}
