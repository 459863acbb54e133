// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneModel
import Testing

@testable import KubeProxyConfig

/// Command lines of binary installations, with flags that kube-proxy has no more.
struct FormerFlagTests {
    private static let file = """
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        mode: ipvs
        """

    private func load(_ arguments: [String], file: String? = nil) throws -> LoadedConfiguration {
        try KubeProxyFlags.parse(KubeProxyFlags.normalizing(arguments)).load(file: file, hostname: "host")
    }

    @Test func `a unit of kube-proxy 1_20 by flags starts the daemon, and what has no effect is named once`() throws {
        let loaded = try load([
            "--logtostderr=false", "--v=2", "--log-dir=/opt/kubernetes/logs", "--log_file", "/var/log/kube-proxy.log",
            "--alsologtostderr", "--stderrthreshold", "2", "--log-dir=/twice", "--bind-address=192.0.2.7",
            "--hostname-override=node-1", "--kubeconfig=/etc/kubernetes/kube-proxy.kubeconfig",
            "--cluster-cidr=10.254.0.0/16", "--proxy-mode=ipvs", "--cleanup-ipvs=true", "--udp-timeout=250ms",
            "--masquerade-all=true", "--ipvs-scheduler=wrr", "--azure-container-registry-config=",
            "--resource-container", "/kube-proxy",
        ])
        #expect(
            loaded.warnings.map(\.description) == [
                "without effect, as kube-proxy has them no more: --logtostderr, --log-dir, --log-file, --alsologtostderr, "
                    + "--stderrthreshold, --cleanup-ipvs, --udp-timeout, --azure-container-registry-config, "
                    + "--resource-container; the log goes to the standard error"
            ])
        #expect(loaded.settings.logging.verbosity == 2)
        #expect(loaded.settings.masqueradeAll)
        #expect(loaded.settings.scheduler.name == "wrr")
        #expect(loaded.settings.nodeName == "node-1")
    }

    @Test func `klog's flags count beside a configuration file`() throws {
        let loaded = try load(
            [
                "--config=/etc/kube-proxy.yaml", "--logtostderr", "--skip-headers", "--skip_log_headers=false",
                "--add-dir-header", "--one-output", "--vmodule=proxier=4", "--log-backtrace-at", ":0",
                "--log-file-max-size=1800", "-v=4",
            ], file: Self.file)
        #expect(loaded.warnings.count == 1)
        #expect(loaded.settings.logging.verbosity == 4)
        #expect(loaded.configuration.logging.vmodule.map(\.filePattern) == ["proxier"])
    }

    @Test(arguments: FormerFlags.booleanNames.sorted())
    func `a boolean of former versions never takes the next argument`(name: String) throws {
        #expect(
            KubeProxyFlags.normalizing(["--\(name)", "--v=1"]) == ["--former-flag=\(name)=true", "--v=1"])
        #expect(throws: ConfigurationError.self) { try load(["--\(name)=perhaps"]) }
    }

    @Test(arguments: FormerFlags.valueNames.sorted())
    func `a flag of former versions with a value takes the next argument`(name: String) {
        #expect(KubeProxyFlags.normalizing(["--\(name)", "-1"]) == ["--former-flag=\(name)=-1"])
        #expect(KubeProxyFlags.normalizing(["--\(name)=a=b"]) == ["--former-flag=\(name)=a=b"])
        #expect(
            KubeProxyFlags.normalizing(["--\(name.replacing("-", with: "_"))="]) == ["--former-flag=\(name)="])
        // Without its value it stays what it is: an error that names it.
        #expect(KubeProxyFlags.normalizing(["--\(name)"]) == ["--\(name)"])
    }

    @Test func `no flag is a former one and one of today`() {
        let former = FormerFlags.booleanNames.union(FormerFlags.valueNames)
        #expect(former.isDisjoint(with: KubeProxyFlags.booleanNames.union(KubeProxyFlags.valueNames)))
        #expect(FormerFlags.booleanNames.isDisjoint(with: FormerFlags.valueNames))
    }

    @Test func `a secret among the flags is not told`() throws {
        let loaded = try load(["--storage-driver-password=hunter2"])
        #expect(
            loaded.warnings.map(\.description) == [
                "without effect, as kube-proxy has them no more: --storage-driver-password"
            ])
    }

    @Test func `conntrack-max is the limit of the whole node`() throws {
        let loaded = try load(["--conntrack-max=500000", "--conntrack-max-per-core=0"])
        #expect(loaded.settings.conntrack.maximumPerCore == 1)
        #expect(loaded.settings.conntrack.minimum == 500000)
        #expect(
            loaded.warnings.map(\.description) == [
                "--conntrack-max is deprecated: use --conntrack-max-per-core and --conntrack-min"
            ])
        #expect(try load(["--conntrack-max=0"]).settings.conntrack.maximumPerCore == 32768)
        #expect(throws: ConfigurationError.self) { try load(["--conntrack-max=many"]) }
        #expect(try load(["--config=x", "--conntrack-max=5"], file: Self.file).settings.conntrack.minimum == 131072)
    }

    @Test func `to clean up and leave IPVS is refused rather than not done`() throws {
        #expect {
            try load(["--cleanup", "--cleanup-ipvs=false"])
        } throws: { error in
            "\(error)".contains("--cleanup-ipvs") && "\(error)".contains("virtual servers")
        }
        #expect(try load(["--cleanup", "--cleanup-ipvs"]).warnings.count == 1)
        #expect(try load(["--cleanup-ipvs=false"]).warnings.count == 1)
    }

    @Test(
        arguments: [
            (["--healthz-port=0"], nil, "127.0.0.1:10249"), (["--healthz-port", "0"], nil, "127.0.0.1:10249"),
            (["--healthz_port=0", "--healthz-bind-address=192.0.2.1"], nil, "127.0.0.1:10249"),
            (["--healthz-port=0", "--healthz-bind-address=192.0.2.1:7"], nil, "127.0.0.1:10249"),
            (["--healthz-port=9", "--healthz-bind-address=192.0.2.1"], "192.0.2.1:9", "127.0.0.1:10249"),
            (["--healthz-port=9", "--healthz-bind-address=192.0.2.1:7"], "192.0.2.1:7", "127.0.0.1:10249"),
            // The default has a port already, which counts: kube-proxy's AppendPortIfNeeded.
            (["--healthz-port=9", "--metrics-port=8"], "0.0.0.0:10256", "127.0.0.1:10249"),
            (["--metrics-port=0"], "0.0.0.0:10256", nil),
            (["--metrics-port=8", "--metrics-bind-address", "::"], "0.0.0.0:10256", "[::]:8"),
        ] as [([String], String?, String?)])
    func `the ports of the health and metrics servers are kube-proxy's`(
        arguments: [String], health: String?, metrics: String?
    ) throws {
        let settings = try load(arguments).settings
        #expect(settings.healthEndpoint?.description == health)
        #expect(settings.metricsEndpoint?.description == metrics)
    }
}
