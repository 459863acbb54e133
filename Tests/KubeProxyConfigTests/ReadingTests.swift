// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import Testing

struct ReadingTests {
    private static let header = """
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration

        """

    private func read(_ body: String) throws -> ReadConfiguration {
        try KubeProxyConfiguration.reading(yaml: Self.header + body)
    }

    // MARK: Defaults

    @Test func `an empty document has all defaults`() throws {
        #expect(try read("").configuration == KubeProxyConfiguration())
    }

    @Test(arguments: [
        ("bindAddress: ''", "bindAddress"), ("healthzBindAddress: ''", "healthzBindAddress"),
        ("metricsBindAddress: ''", "metricsBindAddress"), ("configSyncPeriod: 0s", "configSyncPeriod"),
        ("iptables: {syncPeriod: 0s, minSyncPeriod: 0s, masqueradeBit: null}", "iptables"),
        ("ipvs: {syncPeriod: 0s, minSyncPeriod: 0s}", "ipvs"), ("iptables: {localhostNodePorts: null}", "iptables"),
        ("nftables: {syncPeriod: 0s, minSyncPeriod: 0s, masqueradeBit: null}", "nftables"),
        ("clientConnection: {contentType: '', qps: 0, burst: 0}", "clientConnection"),
        ("oomScoreAdj: null", "oomScoreAdj"),
        ("conntrack: {maxPerCore: null, min: null, tcpEstablishedTimeout: null}", "conntrack"),
        ("logging: {format: '', flushFrequency: 0}", "logging"), ("logging: {flushFrequency: 0s}", "logging"),
        ("ipvs: null", "ipvs"), ("ipvs:", "ipvs"), ("conntrack: {}", "conntrack"), ("featureGates: {}", "featureGates"),
    ])
    func `zero and null are the default where kube-proxy takes them for it`(body: String, field: String) throws {
        let read = try read(body)
        #expect(read.configuration == KubeProxyConfiguration())
        #expect(read.lines[field] == 3)
    }

    @Test func `zero counts where kube-proxy lets it`() throws {
        let configuration = try read(
            """
            conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
            oomScoreAdj: 0
            iptables: {masqueradeBit: 0, localhostNodePorts: false}
            """
        ).configuration
        #expect(configuration.conntrack.maxPerCore == 0)
        #expect(configuration.conntrack.min == 0)
        #expect(configuration.conntrack.tcpEstablishedTimeout == .zero)
        #expect(configuration.conntrack.tcpCloseWaitTimeout == .zero)
        #expect(configuration.oomScoreAdj == 0)
        #expect(configuration.iptables.masqueradeBit == 0)
        #expect(!configuration.iptables.localhostNodePorts)
    }

    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0:10256", "127.0.0.1:10249"), ("192.0.2.1", "0.0.0.0:10256", "127.0.0.1:10249"),
        ("::", "[::]:10256", "[::1]:10249"), ("2001:db8::1", "[::]:10256", "[::1]:10249"),
        ("::ffff:192.0.2.1", "0.0.0.0:10256", "127.0.0.1:10249"), ("[::]", "[::]:10256", "[::1]:10249"),
    ])
    func `the servers' addresses follow the bind address's family`(bind: String, health: String, metrics: String) throws
    {
        let configuration = try read("bindAddress: '\(bind)'").configuration
        #expect(configuration.healthzBindAddress == health)
        #expect(configuration.metricsBindAddress == metrics)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:10256"), ("127.0.0.1:1", "127.0.0.1:1"), ("fd00::5", "[fd00::5]:10256"),
        ("[fd00::5]:12345", "[fd00::5]:12345"), ("[fd00::5]", "[fd00::5]"), ("host", "host"), ("host:1", "host:1"),
    ])
    func `an address without a port gets the standard one`(text: String, address: String) throws {
        #expect(try read("healthzBindAddress: '\(text)'").configuration.healthzBindAddress == address)
    }

    @Test func `configz holds the document under its group`() {
        let configz = KubeProxyConfiguration().configz
        #expect(
            configz.hasPrefix(#"{"kubeproxy.config.k8s.io":{"apiVersion":"kubeproxy.config.k8s.io/v1alpha1","bind"#))
        #expect(configz.contains(#""ipvs":{"excludeCIDRs":null,"minSyncPeriod":"0s","#))
        #expect(configz.contains(#""qps":5}"#))
    }

    // MARK: Forms of values

    @Test(arguments: [
        ("hostnameOverride: 123", "123"), ("hostnameOverride: true", "true"), ("hostnameOverride: \"no\"", "no"),
        ("\"hostnameOverride\": x", "x"), ("'hostnameOverride': |-\n  x", "x"), ("hostnameOverride: !!str 5", "5"),
    ])
    func `a text may be written as a number or a boolean`(body: String, text: String) throws {
        #expect(try read(body).configuration.hostnameOverride == text)
    }

    @Test(arguments: ["true", "True", "TRUE", "yes", "on", "y"])
    func `a boolean has the words that YAML had for it`(word: String) throws {
        #expect(try read("enableProfiling: \(word)").configuration.enableProfiling)
    }

    @Test func `a flush frequency may be a number of nanoseconds`() throws {
        #expect(
            try read("logging: {flushFrequency: 1500000000}").configuration.logging.flushFrequency
                == .milliseconds(1500))
        #expect(try read("logging: {flushFrequency: 2s}").configuration.logging.flushFrequency == .seconds(2))
    }

    @Test func `only the first document counts, as with kube-proxy`() throws {
        #expect(try read("mode: ipvs\n---\nmode: [").configuration.mode == "ipvs")
    }

    // MARK: What is tolerated

    @Test func `unknown fields are warnings with their lines`() throws {
        let read = try read(
            "foo: bar\nmode: ipvs\nipvs:\n  scheduler: wlc\n  masqueradeAll: true\nudpIdleTimeout: 250ms\n")
        #expect(
            read.warnings.map(\.description) == [
                "line 3: unknown field \"foo\" is ignored",
                "line 7: unknown field \"ipvs.masqueradeAll\" is ignored",
                "line 8: unknown field \"udpIdleTimeout\" is ignored",
            ]
        )
        #expect(read.configuration.ipvs.scheduler == "wlc")
    }

    @Test(arguments: [
        ("mode: iptables\nmode: ipvs", "mode"), ("\"mode\": iptables\n'mode': ipvs", "mode"),
        ("{mode: iptables, mode: ipvs}", "mode"),
    ])
    func `of a field that is given twice the last one counts`(body: String, field: String) throws {
        let text = body.hasPrefix("{") ? body.replacingHeader() : Self.header + body
        let read = try KubeProxyConfiguration.reading(yaml: text)
        #expect(read.configuration.mode == "ipvs")
        #expect(read.warnings.map(\.message) == ["\"\(field)\" is given again further on, which counts"])
    }

    @Test func `all fields that are given twice are told, at any depth`() throws {
        let read = try read(
            "# \u{e9}\nipvs:\n  scheduler: rr\n  scheduler: lc\n  scheduler: wlc\nmode: a\noomScoreAdj: 1\nipvs:\n"
                + "  strictARP: false\n  scheduler: sh\n  strictARP: true\nmode: ipvs\n"
        )
        #expect(read.configuration.ipvs.scheduler == "sh")
        #expect(read.configuration.ipvs.strictARP)
        #expect(read.configuration.mode == "ipvs")
        #expect(read.warnings.map(\.line) == [4, 8, 11])
    }

    // MARK: What is refused

    @Test(arguments: [
        ("kind: KubeProxyConfiguration", "no apiVersion"),
        ("apiVersion: kubeproxy.config.k8s.io/v1alpha1", "no kind"),
        (
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration",
            "apiVersion \"kubelet.config.k8s.io/v1beta1\" and kind \"KubeletConfiguration\""
        ),
        (
            "apiVersion: kubeproxy.config.k8s.io/v1alpha2\nkind: KubeProxyConfiguration",
            "apiVersion \"kubeproxy.config.k8s.io/v1alpha2\""
        ),
        ("", "nothing in it"), ("# nothing\n", "nothing in it"),
    ])
    func `another kind of document is one clear error`(text: String, found: String) {
        #expect(throws: ConfigurationError.wrongKind(found: found)) {
            try KubeProxyConfiguration.reading(yaml: text)
        }
    }

    @Test(arguments: [("bindAddress: ::", 3), ("mode: 'ipvs", nil), ("ipvs:\n\tscheduler: rr", 4), ("mode: *x", 3)])
    func `what is no YAML is told with its line`(body: String, line: Int?) {
        #expect {
            try read(body)
        } throws: { error in
            guard case .syntax(let found, let reason)? = error as? ConfigurationError else { return false }
            return !reason.isEmpty && (line == nil || found == line)
        }
    }

    @Test func `a list is no document`() {
        #expect(throws: ConfigurationError.self) { try KubeProxyConfiguration.reading(yaml: "- a") }
    }

    @Test func `all values of a wrong type are told at once`() throws {
        #expect {
            try read(
                """
                iptables:
                  masqueradeBit: fourteen
                  masqueradeAll: "true"
                ipvs:
                  syncPeriod: 30
                  minSyncPeriod: soon
                  excludeCIDRs: 10.0.0.0/8
                oomScoreAdj: "5"
                conntrack: many
                clientConnection:
                  burst: 3000000000
                  qps: fast
                nodePortAddresses: [[a]]
                featureGates:
                  A: maybe
                logging:
                  vmodule: [{filePattern: a, verbosity: x}]
                """
            )
        } throws: { error in
            "\(error)" ==

                """
                line 4: iptables.masqueradeBit: fourteen is not a whole number from -2147483648 to 2147483647, without quotes
                line 5: iptables.masqueradeAll: "true" is not true or false
                line 7: ipvs.syncPeriod: 30 is not a duration such as 30s, 1m30s or 500ms
                line 8: ipvs.minSyncPeriod: soon is not a duration such as 30s, 1m30s or 500ms
                line 9: ipvs.excludeCIDRs: 10.0.0.0/8 is not a list
                line 10: oomScoreAdj: "5" is not a whole number from -2147483648 to 2147483647, without quotes
                line 11: conntrack: many is not a mapping
                line 13: clientConnection.burst: 3000000000 is not a whole number from -2147483648 to 2147483647, without quotes
                line 14: clientConnection.qps: fast is not a number, without quotes
                line 15: nodePortAddresses: a list is not a list of texts
                line 17: featureGates.A: maybe is not true or false
                line 19: logging.vmodule[0].verbosity: x is not a whole number from -2147483648 to 2147483647, without quotes
                """
        }
    }
}

extension String {
    /// A flow mapping with apiVersion and kind in it.
    fileprivate func replacingHeader() -> String {
        "{apiVersion: kubeproxy.config.k8s.io/v1alpha1, kind: KubeProxyConfiguration, " + dropFirst()
    }
}
