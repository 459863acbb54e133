// SPDX-License-Identifier: GPL-2.0-or-later
extension DocumentValue {
    /// As `sigs.k8s.io/yaml` prints it: keys in order, two spaces for a level, lists not indented, and quotes only where the
    /// text would mean something else without them.
    var yaml: String {
        var lines: [String] = []
        guard case .object(let fields) = self, !fields.isEmpty else { return inlineYAML + "\n" }
        Self.append(fields, to: &lines, indent: "")
        return lines.map { $0 + "\n" }.joined()
    }

    private static func append(_ fields: [String: DocumentValue], to lines: inout [String], indent: String) {
        for (key, value) in fields.inOrder {
            let start = indent + plainOrQuoted(key) + ":"
            switch value {
            case .object(let inner) where !inner.isEmpty:
                lines.append(start)
                append(inner, to: &lines, indent: indent + "  ")
            case .list(let elements) where !elements.isEmpty:
                lines.append(start)
                append(elements, to: &lines, indent: indent)
            default:
                lines.append(start + " " + value.inlineYAML)
            }
        }
    }

    private static func append(_ elements: [DocumentValue], to lines: inout [String], indent: String) {
        for element in elements {
            guard case .object(let fields) = element, !fields.isEmpty else {
                lines.append(indent + "- " + element.inlineYAML)
                continue
            }
            let first = lines.count
            append(fields, to: &lines, indent: indent + "  ")
            lines[first] = indent + "- " + lines[first].dropFirst(indent.count + 2)
        }
    }

    /// A value that takes no line of its own: no list or object that has something in it, as JSON is YAML.
    private var inlineYAML: String {
        if case .string(let text) = self { return Self.plainOrQuoted(text) }
        return json
    }

    /// The choice of quotes is go-yaml's: double where the bare text would be no string, single where it is no bare scalar.
    static func plainOrQuoted(_ text: String) -> String {
        if text.unicodeScalars.contains(where: needsEscape) { return quoted(text) }
        if YAMLScalar.isNoString(text) { return quoted(text) }
        if isPlain(text) { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// Whether the text can stand without quotes in a block mapping (YAML 1.1, section 9.1.3).
    private static func isPlain(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, first != " ", scalars.last != " ", !text.hasPrefix("---"),
            !text.hasPrefix("...")
        else { return false }
        for (index, scalar) in scalars.enumerated() {
            let isBeforeSpace = index + 1 == scalars.count || scalars[index + 1] == " "
            if index == 0 {
                switch scalar {
                case "#", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`": return false
                case "-", "?": if isBeforeSpace { return false }
                default: break
                }
            }
            if scalar == ":", isBeforeSpace { return false }
            if scalar == "#", index > 0, scalars[index - 1] == " " { return false }
        }
        return true
    }
}
