// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneModel
import ServicePlan
import Testing

@testable import KubeProxyConfig

struct EveryFlagTests: FlagReading {
    static let flags: [(String, @Sendable (inout KubeProxyConfiguration) -> Void)] = [
        ("--kubeconfig=/k", { $0.clientConnection.kubeconfig = "/k" }),
        ("--kube-api-content-type=application/json", { $0.clientConnection.contentType = "application/json" }),
        ("--kube-api-burst=7", { $0.clientConnection.burst = 7 }),
        ("--kube-api-qps=2.5", { $0.clientConnection.qps = 2.5 }),
        ("--config-sync-period=1m", { $0.configSyncPeriod = .seconds(60) }),
        ("--hostname-override= Node-1 ", { $0.hostnameOverride = "node-1" }), ("--hostname-override=", { _ in }),
        ("--bind-address=10.0.0.1", { $0.bindAddress = "10.0.0.1" }), ("--bind-address=", { _ in }),
        ("--bind-address=fd00::1", { $0.bindAddress = "fd00::1" }),
        ("--healthz-bind-address=1.2.3.4:5", { $0.healthzBindAddress = "1.2.3.4:5" }),
        ("--healthz-bind-address=fd00::1", { $0.healthzBindAddress = "[fd00::1]:10256" }),
        ("--metrics-bind-address=0.0.0.0", { $0.metricsBindAddress = "0.0.0.0:10249" }),
        ("--metrics-bind-address=", { _ in }), ("--healthz-port=0", { $0.healthzBindAddress = "" }),
        ("--metrics-port=0", { $0.metricsBindAddress = "" }), ("--healthz-port=1234", { _ in }),
        ("--bind-address-hard-fail", { $0.bindAddressHardFail = true }), ("--profiling", { $0.enableProfiling = true }),
        ("--show-hidden-metrics-for-version=1.35", { $0.showHiddenMetricsForVersion = "1.35" }),
        ("--oom-score-adj=-5", { $0.oomScoreAdj = -5 }),
        ("--iptables-masquerade-bit=9", { $0.iptables.masqueradeBit = 9 }),
        ("--masquerade-all", { $0.iptables.masqueradeAll = true }), ("--masquerade-all=0", { _ in }),
        ("--iptables-localhost-nodeports=false", { $0.iptables.localhostNodePorts = false }),
        ("--iptables-sync-period=1m", { $0.iptables.syncPeriod = .seconds(60) }),
        ("--iptables-min-sync-period=2s", { $0.iptables.minSyncPeriod = .seconds(2) }),
        ("--ipvs-sync-period=1m", { $0.ipvs.syncPeriod = .seconds(60) }),
        ("--ipvs-min-sync-period=5s", { $0.ipvs.minSyncPeriod = .seconds(5) }),
        ("--ipvs-min-sync-period=0", { $0.ipvs.minSyncPeriod = .zero }),
        ("--ipvs-scheduler=wlc", { $0.ipvs.scheduler = "wlc" }),
        ("--ipvs-exclude-cidrs=10.0.0.0/8,fd00::/8", { $0.ipvs.excludeCIDRs = ["10.0.0.0/8", "fd00::/8"] }),
        ("--ipvs-strict-arp=T", { $0.ipvs.strictARP = true }),
        ("--ipvs-tcp-timeout=1s", { $0.ipvs.tcpTimeout = .seconds(1) }),
        ("--ipvs-tcpfin-timeout=2s", { $0.ipvs.tcpFinTimeout = .seconds(2) }),
        ("--ipvs-udp-timeout=3s", { $0.ipvs.udpTimeout = .seconds(3) }),
        ("--detect-local-mode=NodeCIDR", { $0.detectLocalMode = "NodeCIDR" }),
        ("--pod-bridge-interface=b", { $0.detectLocal.bridgeInterface = "b" }),
        ("--pod-interface-name-prefix=p", { $0.detectLocal.interfaceNamePrefix = "p" }),
        ("--cluster-cidr=10.0.0.0/8,fd00::/8", { $0.clusterCIDR = "10.0.0.0/8,fd00::/8" }),
        ("--nodeport-addresses=10.0.0.0/8,fd00::/8", { $0.nodePortAddresses = ["10.0.0.0/8", "fd00::/8"] }),
        ("--nodeport-addresses=", { _ in }), ("--proxy-port-range=1-2", { $0.portRange = "1-2" }),
        ("--conntrack-max-per-core=1", { $0.conntrack.maxPerCore = 1 }),
        ("--conntrack-min=2", { $0.conntrack.min = 2 }), ("--conntrack-max=0", { _ in }),
        ("--conntrack-tcp-timeout-established=1s", { $0.conntrack.tcpEstablishedTimeout = .seconds(1) }),
        ("--conntrack-tcp-timeout-close-wait=2s", { $0.conntrack.tcpCloseWaitTimeout = .seconds(2) }),
        ("--conntrack-tcp-be-liberal", { $0.conntrack.tcpBeLiberal = true }),
        ("--conntrack-udp-timeout=3s", { $0.conntrack.udpTimeout = .seconds(3) }),
        ("--conntrack-udp-timeout-stream=4s", { $0.conntrack.udpStreamTimeout = .seconds(4) }),
        (
            "--feature-gates=ComponentFlagz=false, ComponentStatusz = 1",
            { $0.featureGates = ["ComponentFlagz": false, "ComponentStatusz": true] }
        ),
        ("--v=4", { $0.logging.verbosity = 4 }), ("-v4", { $0.logging.verbosity = 4 }),
        ("--logging-format=json", { $0.logging.format = "json" }),
        ("--log-flush-frequency=1s", { $0.logging.flushFrequency = .seconds(1) }),
        (
            "--vmodule=a=1,b*=2",
            { $0.logging.vmodule = [.init(filePattern: "a", verbosity: 1), .init(filePattern: "b*", verbosity: 2)] }
        ),
        ("--log-text-split-stream=false", { _ in }), ("--log-text-info-buffer-size=0", { _ in }),
        ("--log-json-split-stream=false", { _ in }), ("--log-json-info-buffer-size=0", { _ in }),
        ("--boot-id-file=/x", { _ in }), ("--machine-id-file=/x", { _ in }), ("--master=https://x", { _ in }),
        ("--config=", { _ in }), ("--init-only", { _ in }), ("--manifests=/m", { _ in }),
        ("--graceful-timeout=1m", { _ in }),
    ]

    /// Flags ten rows apart are given together, as a debug build takes long to parse; those for one field stand closer.
    @Test(arguments: 0..<10)
    func `each flag fills its field`(first: Int) throws {
        var expected = KubeProxyConfiguration()
        expected.mode = "ipvs"
        expected.ipvs.minSyncPeriod = .seconds(1)
        expected.detectLocalMode = "ClusterCIDR"
        var arguments = ["--proxy-mode=ipvs"]
        for (argument, change) in stride(from: first, to: Self.flags.count, by: 10).map({ Self.flags[$0] }) {
            arguments.append(argument)
            change(&expected)
        }
        // As text, so that a failure shows the field.
        #expect(try load(arguments).configuration.yaml == expected.yaml, "\(arguments)")
    }

    @Test func `help has a line for each flag`() {
        let help = KubeProxyFlags.helpMessage(columns: 200)
        for (argument, _) in Self.flags where argument.hasPrefix("--") {
            let name = argument.prefix { $0 != "=" }
            #expect(help.contains("  \(name) <"), "\(name)")
        }
        for name in ["--write-config-to", "--cleanup", "--version", "--proxy-mode"] {
            #expect(help.contains("  \(name) <"), "\(name)")
        }
    }
}
