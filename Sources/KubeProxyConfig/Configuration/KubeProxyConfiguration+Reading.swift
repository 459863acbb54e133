// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import YAMLDocuments

/// A configuration with what there is to say of the text that it came from.
public struct ReadConfiguration: Sendable {
    public var configuration: KubeProxyConfiguration
    /// Unknown fields, and fields that were given twice.
    public var warnings: [ConfigurationWarning]
    /// The line of each field that the text has, by its path, such as `ipvs.syncPeriod`.
    public var lines: [String: Int]
}

extension KubeProxyConfiguration {
    /// Reads a document, in YAML or JSON, and fills in the defaults.
    ///
    /// As lenient as kube-proxy with unknown and duplicate fields, of which the last one counts; each becomes a warning. Only
    /// the first document of several is read.
    ///
    /// - Throws: `.syntax`, `.wrongKind`, or `.invalid` with all fields whose value is of a wrong type.
    public static func reading(yaml text: String) throws(ConfigurationError) -> ReadConfiguration {
        let (read, invalid) = try lenientlyReading(yaml: text)
        guard invalid.isEmpty else { throw .invalid(invalid) }
        return read
    }

    /// Reads what can be read. Fields that cannot have their defaults.
    static func lenientlyReading(
        yaml text: String
    ) throws(ConfigurationError) -> (read: ReadConfiguration, invalid: [InvalidSetting]) {
        let root: YAMLNode?
        do throws(DocumentSyntaxError) {
            root = try YAMLReader.firstDocument(Array(text.utf8))
        } catch {
            throw .syntax(line: error.line, reason: error.reason)
        }
        guard let root else { throw .wrongKind(found: "nothing in it") }
        guard case .mapping(let mapping) = root.content else {
            throw .syntax(line: root.line, reason: "the document is no mapping of names to values")
        }
        try checkKind(of: mapping)

        var configuration = KubeProxyConfiguration.unread
        let findings = FieldReader.read(&configuration, mapping, besides: ["apiVersion", "kind"])
        configuration.fillDefaults()
        let read = ReadConfiguration(
            configuration: configuration,
            warnings: findings.warnings.sorted { ($0.line ?? 0) < ($1.line ?? 0) }.shortened,
            lines: findings.lines
        )
        return (read, findings.invalid.inOrder)
    }

    private static func checkKind(of mapping: [YAMLNode.Entry]) throws(ConfigurationError) {
        let found = [("apiVersion", apiVersion), ("kind", kind)].compactMap { name, wanted -> String? in
            guard let entry = mapping.last(where: { $0.key == name }) else { return "no \(name)" }
            guard case .scalar(let text, _) = entry.value.content else { return "an unreadable \(name)" }
            return text == wanted ? nil : "\(name) \(text.quotedForMessage)"
        }
        guard found.isEmpty else { throw .wrongKind(found: found.joined(separator: " and ")) }
    }
}
