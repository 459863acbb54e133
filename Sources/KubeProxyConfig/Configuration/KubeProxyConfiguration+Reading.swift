import Yams

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
        guard let root = try DocumentParser.root(of: text) else { throw .wrongKind(found: "nothing in it") }
        guard case .mapping(let mapping) = root else {
            throw .syntax(line: root.mark?.line, reason: "the document is no mapping of names to values")
        }
        try checkKind(of: mapping)

        var configuration = KubeProxyConfiguration.unread
        let findings = FieldReader.read(&configuration, mapping, besides: ["apiVersion", "kind"])
        configuration.fillDefaults()
        let read = ReadConfiguration(
            configuration: configuration,
            warnings: findings.warnings.sorted { ($0.line ?? 0) < ($1.line ?? 0) },
            lines: findings.lines
        )
        return (read, findings.invalid.inOrder)
    }

    private static func checkKind(of mapping: Node.Mapping) throws(ConfigurationError) {
        let found = [("apiVersion", apiVersion), ("kind", kind)].compactMap { name, wanted -> String? in
            guard let node = mapping[Node(name)] else { return "no \(name)" }
            guard case .scalar(let scalar) = node else { return "an unreadable \(name)" }
            return scalar.string == wanted ? nil : "\(name) \"\(scalar.string)\""
        }
        guard found.isEmpty else { throw .wrongKind(found: found.joined(separator: " and ")) }
    }
}
