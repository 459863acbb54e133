// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import SystemTesting
import Testing

/// Small files used to crash the reader of `--config` or keep it busy for ever.
@Suite("Configurations that are too much for a reader", .timeLimit(.minutes(5))) struct HostileConfigurationTests {
    private static let header = """
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration

        """

    /// A text can hold UTF-8 only, and of several documents the first one counts.
    private static let texts = HostileText.yaml.filter { text in
        String(validating: text.bytes, as: UTF8.self) != nil && text.what != "600,000 documents"
    }

    @Test(arguments: texts)
    func `a configuration that is too much is refused with the limit it has met`(text: HostileText) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try KubeProxyConfiguration.reading(yaml: String(decoding: text.bytes, as: UTF8.self))
        }
        guard case .syntax(_, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains(text.reason), "\(reason)")
    }

    @Test func `a byte order mark is no part of the configuration`() throws {
        let text = "\u{feff}" + Self.header + "mode: ipvs\n"
        #expect(try KubeProxyConfiguration.reading(yaml: text).configuration.mode == "ipvs")
    }

    @Test func `merge keys are followed as in manifests`() throws {
        let read = try KubeProxyConfiguration.reading(
            yaml: Self.header + "ipvs: &all {syncPeriod: 11s, scheduler: sh}\niptables: {<<: *all, syncPeriod: 12s}\n"
        )
        #expect(read.configuration.iptables.syncPeriod == .seconds(12))
        #expect(read.warnings.map(\.message) == ["unknown field \"iptables.scheduler\" is ignored"])
    }

    @Test func `a mapping as a key is refused, as kube-proxy refuses it`() {
        #expect(throws: ConfigurationError.syntax(line: 3, reason: "a key that is no scalar")) {
            try KubeProxyConfiguration.reading(yaml: Self.header + "? {a: 1}\n: 2\n")
        }
    }

    @Test func `of many warnings and many mistakes a hundred are told`() throws {
        let unknown = (0..<10_000).map { "unknown\($0): 1\n" }.joined()
        let read = try KubeProxyConfiguration.reading(yaml: Self.header + unknown)
        #expect(read.warnings.count == 101)
        #expect(read.warnings.last?.message == "9900 more warnings are not shown")

        let wrong = (0..<10_000).map { "  Gate\($0): maybe\n" }.joined()
        let error = #expect(throws: ConfigurationError.self) {
            try KubeProxyConfiguration.reading(yaml: Self.header + "featureGates:\n" + wrong)
        }
        #expect(error?.description.split(separator: "\n").count == 101)
    }
}
