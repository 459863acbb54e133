// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing
import YAMLDocuments

@testable import KubeProxyConfig

/// A scalar means the same in the configuration and in a manifest.
struct ScalarTests {
    /// Booleans, numbers and text as people write them, good or bad.
    private static let scalars = [
        "y", "n", "Y", "N", "yes", "No", "ON", "off", "true", "False", "tRUE", "0", "1", "010", "0o17", "0b11", "0x1F",
        "1_000",
        "08", "0080", "+7", "-7", "1e3", "1.5", ".5", "1.", "_1", "0x", "20:30", "2024-01-01", "~", "null", "10.0.0.1",
        "abc",
        "99999999999", ".inf", "\"1\"", "'true'", "!!str 1",
    ]

    private func meaning(_ scalar: String) throws -> DocumentNode.Value? {
        let document = try #require(try YAMLReader.read("k: \(scalar)\n").first)
        guard case .mapping(let entries) = document.value else { return nil }
        return entries.first?.value.value
    }

    private func configuration(_ field: String, _ scalar: String) -> KubeProxyConfiguration? {
        let text = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n\(field): \(scalar)\n"
        return try? KubeProxyConfiguration.reading(yaml: text).configuration
    }

    @Test(arguments: scalars) func `a boolean of the configuration is what a manifest takes for one`(scalar: String)
        throws
    {
        let read = configuration("bindAddressHardFail", scalar)
        switch try meaning(scalar) {
        case .bool(let value): #expect(read?.bindAddressHardFail == value)
        case .null: #expect(read?.bindAddressHardFail == false)
        default: #expect(read == nil)
        }
    }

    @Test(arguments: scalars) func `a whole number of the configuration is what a manifest takes for one`(
        scalar: String
    ) throws {
        let read = configuration("oomScoreAdj", scalar)
        switch try meaning(scalar) {
        case .integer(let value) where Int32(exactly: value) != nil:
            #expect(read.map { Int64($0.oomScoreAdj) } == value)
        case .null: #expect(read?.oomScoreAdj == -999)
        default: #expect(read == nil)
        }
    }
}
