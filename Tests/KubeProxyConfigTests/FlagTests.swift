// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneModel
import ServicePlan
import Testing

@testable import KubeProxyConfig

struct FlagTests: FlagReading {
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
}
