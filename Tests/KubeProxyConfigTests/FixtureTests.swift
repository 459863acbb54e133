// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import Foundation
import KubeProxyConfig
import ServicePlan
import Testing

/// Documents as installers write them: they start the daemon as they are.
struct FixtureTests {
    static let kubeadm = (30...36).map { "kubeadm-1.\($0)" }

    private func fixture(_ name: String) throws -> String {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "yaml", subdirectory: "Fixtures"))
        return try String(contentsOf: url, encoding: .utf8)
    }

    /// The text under a key of a ConfigMap's `data`, as the kubelet writes it into the volume. ConfigMaps are printed with the
    /// texts indented by four spaces.
    private func data(_ key: String, in configMap: String) throws -> String {
        let lines = configMap.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("  \(key): |") })
        let text = lines[(start + 1)...].prefix { $0.isEmpty || $0.hasPrefix("    ") }
        return text.map { String($0.dropFirst(4)) }.joined(separator: "\n")
    }

    private func configuration(_ name: String) throws -> String {
        let text = try fixture(name)
        let key = ["config.conf", "config"].first { text.contains("\n  \($0): |") }
        return try key.map { try data($0, in: text) } ?? text
    }

    private func arguments(ofDaemonSet name: String, nodeName: String) throws -> [String] {
        try fixture(name).split(separator: "\n").map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("- --") }
            .map {
                $0.dropFirst(2).split(separator: "$(NODE_NAME)").joined()
                    + ($0.contains("$(NODE_NAME)") ? nodeName : "")
            }
    }

    /// Parsed once, as a debug build takes long for it.
    private static let flagsWithFile = Result { try KubeProxyFlags.parse(["--config=x"]) }

    private func load(_ name: String, _ arguments: [String]? = nil) throws -> LoadedConfiguration {
        let flags =
            try arguments.map { try KubeProxyFlags.parse(KubeProxyFlags.normalizing($0)) } ?? Self.flagsWithFile.get()
        return try flags.load(file: try configuration(name), hostname: "host")
    }

    @Test(arguments: kubeadm)
    func `what kubeadm generates starts the daemon`(name: String) throws {
        let arguments = try arguments(ofDaemonSet: "kubeadm-daemonset", nodeName: "Worker-1")
        #expect(arguments == ["--config=/var/lib/kube-proxy/config.conf", "--hostname-override=Worker-1"])

        let loaded = try load(name, arguments)
        #expect(loaded.warnings == [])
        let settings = loaded.settings
        #expect(settings.nodeName == "worker-1")
        #expect(settings.bindAddress == nil)
        #expect(settings.healthEndpoint == BindAddress("0.0.0.0:10256"))
        #expect(settings.metricsEndpoint == BindAddress("127.0.0.1:10249"))
        #expect(settings.client.kubeconfig == "/var/lib/kube-proxy/kubeconfig.conf")
        #expect(settings.client.contentType == "application/vnd.kubernetes.protobuf")
        #expect(settings.client.requestsPerSecond == 5)
        #expect(settings.client.burst == 10)
        #expect(settings.detectLocalMode == .clusterCIDR(["10.244.0.0/16"].compactMap { IPPrefix($0) }))
        #expect(settings.scheduler == .roundRobin)
        #expect(settings.syncPeriod == .seconds(30))
        #expect(settings.minSyncPeriod == .zero)
        #expect(settings.masqueradeBit == 14)
        #expect(settings.oomScoreAdjustment == -999)
        #expect(settings.conntrack.maximumPerCore == 32768)
        #expect(settings.conntrack.minimum == 131_072)
        #expect(settings.conntrack.tcpEstablishedTimeout == .seconds(86_400))
        #expect(settings.conntrack.tcpCloseWaitTimeout == .seconds(3_600))
        #expect(settings.conntrack.udpTimeout == nil)
        #expect(settings.nodePortAddresses == .all)
        #expect(settings.configSyncPeriod == .seconds(900))
        #expect(settings.logging.format == .text)
        #expect(settings.logging.verbosity == 0)
    }

    @Test(
        arguments: kubeadm + [
            "kubeadm-1.36-dual-stack", "kubeadm-1.36-ipv6", "kubespray", "eks", "ack",
        ])
    func `a document that is written reads back as the same`(name: String) throws {
        let loaded = try load(name)
        #expect(loaded.warnings == [])
        let written = loaded.configuration.yaml
        let again = try KubeProxyConfiguration.reading(yaml: written)
        #expect(again.warnings == [])
        #expect(again.configuration == loaded.configuration)
        #expect(again.configuration.yaml == written)
        #expect(
            try KubeProxyConfiguration.reading(yaml: loaded.configuration.json).configuration == loaded.configuration)
    }

    @Test func `kubeadm's kubeconfig lies beside its configuration`() throws {
        let kubeconfig = try data("kubeconfig.conf", in: try fixture("kubeadm-1.36"))
        #expect(kubeconfig.contains("tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token"))
    }

    @Test func `dual stack gives a network of each family`() throws {
        let networks = ["10.244.0.0/16", "fd00:10:244::/56"].compactMap { IPPrefix($0) }
        #expect(try load("kubeadm-1.36-dual-stack").settings.detectLocalMode == .clusterCIDR(networks))
    }

    @Test func `an IPv6 bind address moves the servers to IPv6`() throws {
        let settings = try load("kubeadm-1.36-ipv6").settings
        #expect(settings.healthEndpoint?.description == "[::]:10256")
        #expect(settings.metricsEndpoint?.description == "[::1]:10249")
        #expect(settings.strictARP)
        #expect(settings.scheduler.name == "wlc")
    }

    @Test func `kubeadm's own mode is refused with what to do`() throws {
        #expect {
            try load("kubeadm-1.36-iptables")
        } throws: { error in
            "\(error)" == """
                line 52: mode: "" (which means iptables) is not ipvs, the only mode that kube-ipvs has: set "mode: ipvs" in \
                the configuration file (or --proxy-mode=ipvs without one), or keep kube-proxy on this node
                """
        }
    }

    @Test func `kubespray's values count`() throws {
        let settings = try load("kubespray").settings
        #expect(settings.nodeName == "node1")
        #expect(settings.strictARP)
        #expect(!settings.masqueradeAll)
        #expect(settings.client.kubeconfig == nil)
        #expect(settings.excludedNetworks == [])
    }

    @Test func `the values of EKS count`() throws {
        let settings = try load("eks").settings
        #expect(settings.metricsEndpoint == BindAddress("0.0.0.0:10249"))
        #expect(settings.oomScoreAdjustment == -998)
        #expect(settings.detectLocalMode == .clusterCIDR([]))
    }

    @Test func `the defaults are written as kube-proxy writes them`() throws {
        #expect(try KubeProxyConfiguration().yaml == fixture("defaults-1.32"))
    }
}
