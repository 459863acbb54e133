// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneModel
import ServicePlan
import Testing

@testable import KubeProxyConfig

/// Flags beside a file, and how all that is wrong is told.
struct FlagPrecedenceTests: FlagReading {
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
