// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneModel
import ServicePlan
import Testing

@testable import KubeProxyConfig

struct FlagTests {
    private static let header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"

    private func parse(_ arguments: [String]) throws -> KubeProxyFlags {
        try KubeProxyFlags.parse(KubeProxyFlags.normalizing(arguments))
    }

    private func load(_ arguments: [String], file: String? = nil) throws -> LoadedConfiguration {
        try parse(arguments).load(file: file.map { Self.header + $0 }, hostname: "host")
    }

    /// The messages of what is wrong.
    private func problems(_ arguments: [String], file: String? = nil) throws -> [String] {
        do {
            _ = try load(arguments, file: file)
            return []
        } catch ConfigurationError.invalid(let settings) {
            return settings.map(\.description)
        }
    }

    // MARK: Forms of arguments

    @Test(arguments: [
        (["--config", "a"], ["--config=a"]), (["--config=a"], ["--config=a"]), (["--config=a=b"], ["--config=a=b"]),
        (["--masquerade-all"], ["--masquerade-all=true"]), (["--masquerade-all=false"], ["--masquerade-all=false"]),
        (["--masquerade-all", "false"], ["--masquerade-all=true", "false"]), (["-v", "4"], ["--v=4"]),
        (["-v=4"], ["--v=4"]), (["-v4"], ["--v=4"]), (["--v=4"], ["--v=4"]), (["--v", "4"], ["--v=4"]),
        (["--oom-score-adj", "-999"], ["--oom-score-adj=-999"]), (["--cluster_cidr=a_b"], ["--cluster-cidr=a_b"]),
        (["--cluster_cidr", "a_b"], ["--cluster-cidr=a_b"]), (["--version"], ["--version=true"]),
        (["--version=raw"], ["--version=raw"]), (["--hostname-override="], ["--hostname-override", ""]),
        (["--config", ""], ["--config", ""]), ([""], []),
        (["--unknown", "x"], ["--unknown", "x"]), (["--config"], ["--config"]), (["-v"], ["-v"]),
        (["--", "--config", "a"], ["--", "--config", "a"]), (["run", "--profiling"], ["run", "--profiling=true"]),
        (["--help"], ["--help"]), (["-h"], ["-h"]),
    ])
    func `arguments come to one form`(arguments: [String], normal: [String]) {
        #expect(KubeProxyFlags.normalizing(arguments) == normal)
    }

    @Test func `an unknown flag is an error that names it`() {
        #expect {
            try parse(["--proxy-mode=ipvs", "--no-such-flag=true"])
        } throws: { error in
            KubeProxyFlags.message(for: error).contains("--no-such-flag")
        }
    }

    @Test(arguments: ["worker", "false"])
    func `an argument that belongs to no flag is an error that names it`(argument: String) {
        #expect {
            try parse(["--masquerade-all", argument])
        } throws: { error in
            KubeProxyFlags.message(for: error).contains(argument)
        }
    }

    @Test func `a flag without its value is an error that names it`() {
        #expect {
            try parse(["--proxy-mode=ipvs", "--config"])
        } throws: { error in
            KubeProxyFlags.message(for: error).contains("--config")
        }
    }

    // MARK: Every flag

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

    /// A name that is not among those would leave its value behind.
    @Test func `every flag of the help takes the next argument, or is a boolean`() throws {
        let help = KubeProxyFlags.helpMessage(columns: 200)
        let names = help.split(separator: "\n").compactMap { line -> String? in
            let line = line.drop { $0 == " " }
            return line.hasPrefix("--") ? String(line.prefix { $0 != " " }) : nil
        }
        #expect(names.count > 60)
        for name in names {
            let normal = KubeProxyFlags.normalizing([name, "x"])
            #expect(normal == ["\(name)=x"] || normal == ["\(name)=true", "x"], "\(name)")
        }
    }

    @Test func `lists that are given again are joined, and single values replaced`() throws {
        let configuration = try load([
            "--proxy-mode=ipvs", "--nodeport-addresses=10.0.0.0/8", "--nodeport-addresses", "fd00::/8,192.0.2.0/24",
            "--ipvs-scheduler=rr", "--ipvs-scheduler=sh", "--feature-gates=A=true,B=true", "--feature-gates=B=false",
        ]).configuration
        #expect(configuration.nodePortAddresses == ["10.0.0.0/8", "fd00::/8", "192.0.2.0/24"])
        #expect(configuration.ipvs.scheduler == "sh")
        #expect(configuration.featureGates == ["A": true, "B": false])
    }

    @Test(arguments: [nil, "kind: KubeProxyConfiguration\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nmode: ipvs\n"])
    func `whether vital addresses may be attracted is said by the flag alone, also beside a file`(file: String?) throws
    {
        let said = try parse(["--allow-attracting-vital-addresses"]).load(file: file, hostname: "here")
        #expect(said.settings.attractsVitalAddresses)
        #expect(said.warnings.map(\.description) == [])
        #expect(said.flags["allow-attracting-vital-addresses"] == "true")
        #expect(try !parse([]).load(file: file, hostname: "here").settings.attractsVitalAddresses)
    }

    @Test(arguments: [nil, "kind: KubeProxyConfiguration\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nmode: ipvs\n"])
    func `how virtual IPs are local is said by the flag, else by the environment, also beside a file`(
        file: String?
    ) throws {
        func mode(_ arguments: [String], _ environment: [String: String] = [:]) throws -> VirtualIPMode {
            let loaded = try parse(arguments).load(file: file, hostname: "here", environment: environment)
            #expect(loaded.flags["virtual-ips"] == loaded.settings.virtualIPs.rawValue)
            #expect(loaded.warnings.isEmpty)
            return loaded.settings.virtualIPs
        }
        let routes = ["KUBE_IPVS_VIRTUAL_IPS": "routes"]
        #expect(try mode([]) == .addresses)
        #expect(try mode(["--virtual-ips=routes"]) == .routes)
        #expect(try mode(["--virtual-ips", "routes"]) == .routes)
        #expect(try mode([], routes) == .routes)
        #expect(try mode(["--virtual-ips=addresses"], routes) == .addresses)
        #expect(try mode(["--virtual-ips="], routes) == .routes)
        #expect(try mode([], ["KUBE_IPVS_VIRTUAL_IPS": ""]) == .addresses)
    }

    @Test func `another way than addresses and routes is refused with the place where it was given`() throws {
        func error(_ arguments: [String], _ environment: [String: String]) throws -> String? {
            let flags = try parse(arguments)
            return #expect(throws: ConfigurationError.self) {
                try flags.load(file: nil, hostname: "here", environment: environment)
            }?.description
        }
        #expect(try error(["--virtual-ips=route"], [:]) == "--virtual-ips: \"route\" is not addresses or routes")
        #expect(
            try error([], ["KUBE_IPVS_VIRTUAL_IPS": "Routes"])
                == "environment variable KUBE_IPVS_VIRTUAL_IPS: \"Routes\" is not addresses or routes")
    }

    @Test func `what is to be done is read`() throws {
        let flags = try parse([
            "--config=/c", "--write-config-to=/w", "--cleanup", "--init-only=true", "--version=raw", "--manifests",
            "/m",
            "--graceful-timeout", "90s", "--metrics-virtual-servers", "50", "--allow-attracting-vital-addresses",
        ])
        #expect(flags.configFile == "/c")
        #expect(flags.writeConfigTo == "/w")
        #expect(flags.cleanup)
        #expect(flags.initOnly)
        #expect(flags.version == .raw)
        #expect(flags.manifests == "/m")
        #expect(flags.gracefulTimeout == .seconds(90))
        #expect(flags.metricsVirtualServers == 50)
        #expect(flags.allowAttractingVitalAddresses)
        let none = try parse(["--cleanup=false", "--version=false"])
        #expect(none.configFile == nil)
        #expect(none.metricsVirtualServers == 0)
        #expect(!none.allowAttractingVitalAddresses)
        #expect(!none.cleanup)
        #expect(!none.initOnly)
        #expect(none.version == .none)
        #expect(try parse(["--version"]).version == .line)
    }

    @Test func `what all flags come to is told, defaults included`() throws {
        let loaded = try load([
            "--cluster-cidr=10.244.0.0/16", "-v4", "--metrics-bind-address=127.0.0.1", "--metrics-port=9",
        ])
        let flags = loaded.flags
        // Every flag of the help, and nothing else.
        #expect(Set(flags.keys) == KubeProxyFlags.booleanNames.union(KubeProxyFlags.valueNames))
        for (name, value) in [
            "cluster-cidr": "10.244.0.0/16", "v": "4", "oom-score-adj": "-999", "proxy-mode": "ipvs",
            "ipvs-min-sync-period": "1s", "config-sync-period": "15m0s", "kube-api-qps": "5",
            "kube-api-content-type": "application/vnd.kubernetes.protobuf", "masquerade-all": "false",
            "healthz-bind-address": "0.0.0.0:10256", "healthz-port": "10256", "metrics-port": "9",
            "metrics-bind-address": "127.0.0.1:9",
            "nodeport-addresses": "", "vmodule": "", "feature-gates": "", "log-json-info-buffer-size": "0",
        ] {
            #expect(flags[name] == value, "\(name)")
        }
    }

    @Test func `with a file the flags are what the file makes of them`() throws {
        let file = """
            mode: ipvs
            ipvs: {scheduler: lc, excludeCIDRs: [10.1.0.0/16, 10.2.0.0/16]}
            featureGates: {ComponentStatusz: false, ComponentFlagz: true}
            logging: {vmodule: [{filePattern: a, verbosity: 3}]}
            """
        let flags = try load(["--config=/c", "--ipvs-scheduler=wlc", "--hostname-override=Me"], file: file).flags
        #expect(flags["config"] == "/c")
        #expect(flags["ipvs-scheduler"] == "lc")
        #expect(flags["ipvs-exclude-cidrs"] == "10.1.0.0/16,10.2.0.0/16")
        #expect(flags["feature-gates"] == "ComponentFlagz=true,ComponentStatusz=false")
        #expect(flags["vmodule"] == "a=3")
        #expect(flags["ipvs-min-sync-period"] == "0s")
        #expect(flags["hostname-override"] == "me")
    }

    @Test(arguments: [
        "--metrics-virtual-servers=-1", "--graceful-timeout=-1s", "--graceful-timeout=1", "--version=1.36",
        "--cleanup=maybe",
    ])
    func `what cannot be read of these is refused`(argument: String) {
        #expect(throws: (any Error).self) { try parse([argument]) }
    }

    @Test func `the command line of a cloud's node starts the daemon`() throws {
        let loaded = try load([
            "--kubeconfig=/var/lib/kube-proxy/kubeconfig", "--cluster-cidr=10.36.0.0/14",
            "--hostname-override=10.0.0.238",
            "--proxy-mode", "ipvs", "--ipvs-scheduler=rr", "--oom-score-adj", "-998", "--v=2", "--masquerade-all=false",
            "--iptables-sync-period=1m", "--iptables-min-sync-period=10s", "--ipvs-sync-period=1m",
            "--ipvs-min-sync-period=10s", "--detect-local-mode=NodeCIDR", "--conntrack-max-per-core=65536",
        ])
        #expect(loaded.warnings == [])
        #expect(loaded.settings.nodeName == "10.0.0.238")
        #expect(loaded.settings.syncPeriod == .seconds(60))
        #expect(loaded.settings.minSyncPeriod == .seconds(10))
        #expect(loaded.settings.detectLocalMode == .nodeCIDR)
        #expect(loaded.settings.oomScoreAdjustment == -998)
        #expect(loaded.settings.conntrack.maximumPerCore == 65536)
        let written = loaded.configuration.yaml
        #expect(try KubeProxyConfiguration.reading(yaml: written).configuration == loaded.configuration)
    }

    // MARK: Precedence

    @Test func `the least time between passes is 1 s with flags, and 0 s with a file`() throws {
        #expect(try load(["--proxy-mode=ipvs"]).settings.minSyncPeriod == .seconds(1))
        #expect(try load(["--config=x"], file: "mode: ipvs").settings.minSyncPeriod == .zero)
    }

    @Test func `the bind address of flags leaves the servers' addresses as they are, as kube-proxy does`() throws {
        let settings = try load(["--proxy-mode=ipvs", "--bind-address=fd00::1"]).settings
        #expect(settings.healthEndpoint?.description == "0.0.0.0:10256")
    }

    @Test func `with a file other flags are ignored, and named`() throws {
        let loaded = try load(
            [
                "--config=x", "--proxy-mode=iptables", "--ipvs-scheduler=sh", "--masquerade-all", "-v=2",
                "--healthz-port=0",
            ],
            file: "mode: ipvs\nipvs: {scheduler: wlc}"
        )
        #expect(loaded.settings.scheduler.name == "wlc")
        #expect(!loaded.settings.masqueradeAll)
        #expect(loaded.settings.healthEndpoint?.port == 10256)
        #expect(loaded.settings.logging.verbosity == 2)
        #expect(
            loaded.warnings.map(\.description) == [
                "--healthz-port is deprecated: use --healthz-bind-address",
                "ignored, because --config is given: --healthz-port, --proxy-mode, --ipvs-scheduler, --masquerade-all",
            ]
        )
    }

    @Test func `the name and the server of flags win over the file`() throws {
        let loaded = try load(
            ["--config=x", "--hostname-override=Flag", "--master=https://192.0.2.1"],
            file: "mode: ipvs\nhostnameOverride: file"
        )
        #expect(loaded.configuration.hostnameOverride == "flag")
        #expect(loaded.settings.nodeName == "flag")
        #expect(loaded.settings.client.server == "https://192.0.2.1")
        #expect(loaded.warnings == [])
        #expect(
            try load(["--config=x", "--hostname-override="], file: "mode: ipvs\nhostnameOverride: file").settings
                .nodeName == "file")
    }

    @Test func `logging flags are merged with the file, flags first`() throws {
        let logging = try load(
            ["--config=x", "-v=7", "--vmodule", "goo.go=8"],
            file: """
                mode: ipvs
                logging:
                  flushFrequency: 1s
                  verbosity: 10
                  vmodule:
                  - {filePattern: foo.go, verbosity: 6}
                """
        ).configuration.logging
        #expect(logging.verbosity == 7)
        #expect(logging.flushFrequency == .seconds(1))
        #expect(logging.vmodule.map(\.filePattern) == ["goo.go", "foo.go"])
    }

    @Test func `feature gates without effect are warnings`() throws {
        let flags = try load(["--proxy-mode=ipvs", "--feature-gates=SCTPSupport=true,AllowServiceExternalIPs=false"])
        #expect(flags.warnings.map(\.description) == ["feature gate \"SCTPSupport\" has no effect in kube-ipvs"])
        #expect(!flags.settings.featureGates.allowServiceExternalIPs)
        let file = try load(["--config=x"], file: "mode: ipvs\nfeatureGates:\n  IPv6DualStack: true")
        #expect(
            file.warnings.map(\.description) == ["line 5: feature gate \"IPv6DualStack\" has no effect in kube-ipvs"])
    }

    @Test func `clean-up and writing take any mode`() throws {
        #expect(try load(["--cleanup", "--proxy-mode=iptables"]).configuration.mode == "iptables")
        #expect(try load(["--cleanup", "--config=x"], file: "mode: \"\"").configuration.mode == "")
        #expect(try load(["--write-config-to=x"]).configuration.detectLocalMode == "ClusterCIDR")
    }

    @Test func `without a file the mode is ipvs unless another one is asked for`() throws {
        #expect(try load([]).configuration.mode == "ipvs")
        #expect(try problems(["--proxy-mode=iptables"]).count == 1)
        #expect(try problems(["--proxy-mode=nftables"]).count == 1)
    }

    @Test func `a file without a mode means iptables, as for kube-proxy, and is refused`() throws {
        #expect(try problems(["--config=x"], file: "clusterCIDR: 10.244.0.0/16").count == 1)
    }

    // MARK: What is wrong

    @Test func `all flags that are wrong are told at once, with their names`() throws {
        #expect(
            try problems([
                "--proxy-mode=ipvs", "--hostname-override=  ", "--ipvs-sync-period=30", "--oom-score-adj=x", "--v=-1",
                "--iptables-masquerade-bit=32", "--masquerade-all=perhaps", "--nodeport-addresses=10.0.0.1",
                "--feature-gates=A", "--vmodule=x", "--healthz-port=70000", "--kube-api-qps=nan",
            ]) == [
                "--feature-gates: \"A\" is not a name with =true or =false",
                "--kube-api-qps: \"nan\" is not a number",
                "--healthz-port: \"70000\" is not a port from 0 to 65535",
                "--oom-score-adj: \"x\" is not a whole number from -2147483648 to 2147483647",
                "--ipvs-sync-period: \"30\" is not a duration such as 30s, 1m30s or 500ms",
                "--masquerade-all: \"perhaps\" is not true or false",
                "--v: \"-1\" is not a number from 0 to 2147483647",
                "--vmodule: \"x\" is not a pattern with =number",
                "--hostname-override: \"  \" is not the name of a Node",
                "--iptables-masquerade-bit (iptables.masqueradeBit): 32 is not a number from 0 to 31",
                "--nodeport-addresses (nodePortAddresses[0]): \"10.0.0.1\" is not a network such as 10.0.0.0/8 or fd00::/64",
            ]
        )
    }

    @Test func `values of the file that are wrong are told with their lines, types and ranges at once`() throws {
        #expect(
            try problems(
                ["--config=x"],
                file: "mode: ipvs\niptables:\n  masqueradeBit: 32\nipvs:\n  syncPeriod: x\n  excludeCIDRs:\n  - y\n"
            ) == [
                "line 5: iptables.masqueradeBit: 32 is not a number from 0 to 31",
                "line 7: ipvs.syncPeriod: x is not a duration such as 30s, 1m30s or 500ms",
                "line 8: ipvs.excludeCIDRs[0]: \"y\" is not a network such as 10.0.0.0/8 or fd00::/64",
            ]
        )
    }
}
