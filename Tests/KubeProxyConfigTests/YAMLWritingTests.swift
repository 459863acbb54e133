// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import Testing

/// Through `hostnameOverride`, which may hold any text.
struct YAMLWritingTests {
    private func line(_ text: String) -> String? {
        var configuration = KubeProxyConfiguration()
        configuration.hostnameOverride = text
        return configuration.yaml.split(separator: "\n").first { $0.hasPrefix("hostnameOverride:") }.map(String.init)
    }

    /// The quotes of go-yaml 2, which `sigs.k8s.io/yaml` writes with.
    @Test(arguments: [
        ("node-1", "node-1"), ("", "\"\""), ("0", "\"0\""), ("12", "\"12\""), ("1.5", "\"1.5\""), ("1e3", "\"1e3\""),
        ("0x1f", "\"0x1f\""), ("1_000", "\"1_000\""), ("017", "\"017\""), ("true", "\"true\""), ("Yes", "\"Yes\""),
        ("n", "\"n\""), ("off", "\"off\""), ("null", "\"null\""), ("~", "\"~\""), ("20:30", "\"20:30\""),
        (".inf", "\".inf\""), ("2024-01-31", "\"2024-01-31\""), ("10.0.0.1", "10.0.0.1"), ("::", "'::'"),
        ("::1", "::1"),
        ("[::]:10256", "'[::]:10256'"), ("10.0.0.0/8,fd00::/48", "10.0.0.0/8,fd00::/48"), ("a: b", "'a: b'"),
        ("a #b", "'a #b'"), ("a#b", "a#b"), ("- a", "'- a'"), ("-a", "-a"), ("it's", "it's"), ("'a'", "'''a'''"),
        ("*a", "'*a'"), (" a", "' a'"), ("a\tb", "\"a\\tb\""), ("truely", "truely"), ("1.2.3", "1.2.3"), ("e5", "e5"),
    ])
    func `a text has quotes only where it needs them`(text: String, written: String) {
        #expect(line(text) == "hostnameOverride: \(written)")
    }

    @Test(arguments: [
        "node-1", "", "0", "1e3", "true", "n", "~", "::", "[::]:10256", "a: b", "'a'", " a ", "a\tb\n\"c\"\\", "20:30",
        "-",
        "\u{e9}\u{1f600}", "\u{2028}", "---", "? a", "!x", "\u{7f}",
    ])
    func `any text comes back as it was`(text: String) throws {
        var configuration = KubeProxyConfiguration()
        configuration.hostnameOverride = text
        #expect(try KubeProxyConfiguration.reading(yaml: configuration.yaml).configuration == configuration)
        #expect(try KubeProxyConfiguration.reading(yaml: configuration.json).configuration == configuration)
    }
}
