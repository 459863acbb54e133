// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import YAMLDocuments

/// Reads the fields of a mapping, and notes what is unknown or cannot be read.
struct FieldReader: FieldVisitor {
    struct Findings {
        var warnings: [ConfigurationWarning] = []
        var invalid: [InvalidSetting] = []
        /// The line of each field that was found, by its path.
        var lines: [String: Int] = [:]
    }

    private(set) var findings: Findings
    /// Of the mapping, with a dot at its end; empty for the document.
    private let path: String
    private var entries: [String: (node: YAMLNode, line: Int)] = [:]

    /// Reads all fields of a mapping into a value.
    static func read(
        _ value: inout some VisitableFields,
        _ mapping: [YAMLNode.Entry],
        besides known: [String]
    ) -> Findings {
        var reader = FieldReader(mapping, path: "", findings: Findings())
        for name in known {
            reader.entries[name] = nil
        }
        value.visit(&reader)
        return reader.finished()
    }

    private init(_ mapping: [YAMLNode.Entry], path: String, findings: Findings) {
        self.path = path
        self.findings = findings
        for entry in mapping {
            if entry.isOverridden {
                self.findings.warnings.append(
                    ConfigurationWarning(
                        "\"\(path)\(entry.key.cutForMessage)\" is given again further on, which counts",
                        line: entry.line
                    )
                )
            } else {
                entries[entry.key] = (entry.value, entry.line)
                self.findings.lines[path + entry.key] = entry.line
            }
        }
    }

    /// To be called when all known fields have been read.
    private mutating func finished() -> Findings {
        for (name, entry) in entries.sorted(by: { ($0.value.line, $0.key) < ($1.value.line, $1.key) }) {
            findings.warnings.append(
                ConfigurationWarning("unknown field \"\(path)\(name.cutForMessage)\" is ignored", line: entry.line))
        }
        return findings
    }

    // MARK: Values

    /// The field's node, unless it is not there or null.
    private mutating func take(_ name: String) -> YAMLNode? {
        guard let node = entries.removeValue(forKey: name)?.node else { return nil }
        if case .scalar(let text, isBare: true) = node.content, PlainScalar.value(of: text) == .null { return nil }
        return node
    }

    private mutating func refuse(_ name: String, _ node: YAMLNode, wanted: String) {
        let value =
            switch node.content {
            case .scalar(let text, isBare: true): text.cutForMessage
            case .scalar(let text, isBare: false): DocumentValue.quoted(text.cutForMessage)
            case .mapping: "a mapping"
            case .sequence: "a list"
            }
        let line = findings.lines[path + name]
        findings.invalid.append(
            InvalidSetting(field: path + name, value: value, wanted: wanted, source: line.map(SettingSource.line))
        )
    }

    private mutating func scalar<Value>(
        _ name: String,
        _ value: inout Value,
        wanted: String,
        _ convert: (_ text: String, _ isBare: Bool) -> Value?
    ) {
        guard let node = take(name) else { return }
        guard case .scalar(let text, let isBare) = node.content, let converted = convert(text, isBare) else {
            refuse(name, node, wanted: wanted)
            return
        }
        value = converted
    }

    /// A number or a boolean without quotes is taken for the text that it is, as `sigs.k8s.io/yaml` does for string fields.
    mutating func field(_ name: String, _ value: inout String) {
        scalar(name, &value, wanted: "a text") { text, _ in text }
    }

    mutating func field(_ name: String, _ value: inout Bool) {
        scalar(name, &value, wanted: "true or false") { text, isBare in
            isBare ? PlainScalar.value(of: text).asBool : nil
        }
    }

    mutating func field(_ name: String, _ value: inout Int32) {
        scalar(name, &value, wanted: "a whole number from \(Int32.min) to \(Int32.max), without quotes") {
            text, isBare in
            isBare ? PlainScalar.value(of: text).asInteger.flatMap(Int32.init(exactly:)) : nil
        }
    }

    mutating func field(_ name: String, _ value: inout Float) {
        scalar(name, &value, wanted: "a number, without quotes") { text, isBare in
            isBare ? PlainScalar.value(of: text).asNumber.map(Float.init).flatMap { $0.isFinite ? $0 : nil } : nil
        }
    }

    mutating func field(_ name: String, _ value: inout Duration) {
        scalar(name, &value, wanted: GoDuration.wanted) { text, isBare in
            isBare && YAMLScalar.isNoString(text) ? nil : GoDuration(text)?.duration
        }
    }

    mutating func field(_ name: String, _ value: inout [String]) {
        guard let node = take(name) else { return }
        guard case .sequence(let elements) = node.content else {
            refuse(name, node, wanted: "a list")
            return
        }
        let texts = elements.map { element -> String? in
            if case .scalar(let text, _) = element.content { text } else { nil }
        }
        value = texts.compactMap(\.self)
        if value.count != texts.count {
            refuse(name, node, wanted: "a list of texts")
        }
    }

    mutating func durationOrNanoseconds(_ name: String, _ value: inout Duration) {
        scalar(name, &value, wanted: GoDuration.wanted + ", or a number of nanoseconds") { text, isBare in
            if isBare, let nanoseconds = PlainScalar.value(of: text).asInteger { return .nanoseconds(nanoseconds) }
            return GoDuration(text)?.duration
        }
    }

    mutating func quantity(_ name: String, _ value: inout String) {
        field(name, &value)
    }

    mutating func switches(_ name: String, _ value: inout [String: Bool]) {
        guard let node = take(name) else { return }
        guard case .mapping(let mapping) = node.content else {
            refuse(name, node, wanted: "a mapping of names to true or false")
            return
        }
        var reader = FieldReader(mapping, path: path + name + ".", findings: findings)
        for key in reader.entries.keys.sorted() {
            var isOn = false
            reader.field(key, &isOn)
            value[key] = isOn
        }
        findings = reader.finished()
    }

    mutating func list<Element: VisitableFields>(_ name: String, _ value: inout [Element]) {
        guard let node = take(name) else { return }
        guard case .sequence(let elements) = node.content else {
            refuse(name, node, wanted: "a list")
            return
        }
        value = []
        for (index, node) in elements.enumerated() {
            guard case .mapping(let mapping) = node.content else {
                refuse(name, node, wanted: "a list of mappings")
                continue
            }
            var reader = FieldReader(mapping, path: "\(path)\(name)[\(index)].", findings: findings)
            var element = Element()
            element.visit(&reader)
            findings = reader.finished()
            value.append(element)
        }
    }

    mutating func optionalField(_ name: String, _ value: inout Bool) {
        field(name, &value)
    }

    mutating func section(_ name: String, _ visit: (inout FieldReader) -> Void) {
        guard let node = take(name) else { return }
        guard case .mapping(let mapping) = node.content else {
            refuse(name, node, wanted: "a mapping")
            return
        }
        var reader = FieldReader(mapping, path: path + name + ".", findings: findings)
        visit(&reader)
        findings = reader.finished()
    }
}

extension GoDuration {
    static let wanted = "a duration such as 30s, 1m30s or 500ms"
}

extension DocumentNode.Value {
    fileprivate var asBool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    var asInteger: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    fileprivate var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
