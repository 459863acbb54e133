import Yams

/// Parses the first document of a text. JSON is YAML, too.
struct DocumentParser {
    /// A character for private use, which marks keys that come again further on.
    private static let mark: Unicode.Scalar = "\u{e000}"
    /// More keys than this given twice, and it is no configuration.
    private static let mostDuplicates = 100

    /// `nil` when the text has no document.
    ///
    /// The parser refuses keys that are given twice. kube-proxy takes the last of them, so each time it refuses one, the first
    /// of its kind is renamed, in place, and the text parsed again.
    static func root(of text: String) throws(ConfigurationError) -> Node? {
        var text = text
        for _ in 0...mostDuplicates {
            do {
                return try Parser(yaml: text, resolver: .basic, encoding: .utf8).nextRoot()
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard let renamed = markingKey(at: context.mark, in: text) else {
                    throw .syntax(line: context.mark.line, reason: "given twice: \(keys.joined(separator: ", "))")
                }
                text = renamed
            } catch let error as YamlError {
                throw ConfigurationError(error)
            } catch {
                throw .syntax(line: nil, reason: "\(error)")
            }
        }
        throw .syntax(line: nil, reason: "more than \(mostDuplicates) keys are given twice")
    }

    /// The key's own name, when it was renamed because it comes again.
    static func duplicate(_ key: String) -> String? {
        key.unicodeScalars.first == mark ? String(key.unicodeScalars.drop { $0 == mark }) : nil
    }

    private static func markingKey(at position: Mark, in text: String) -> String? {
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        for _ in 1..<max(position.line, 1) {
            guard let lineFeed = scalars[index...].firstIndex(of: "\n") else { return nil }
            index = scalars.index(after: lineFeed)
        }
        guard let start = scalars.index(index, offsetBy: position.column - 1, limitedBy: scalars.endIndex),
            start < scalars.endIndex
        else { return nil }
        index = start
        if scalars[index] == "\"" || scalars[index] == "'" {
            index = scalars.index(after: index)
        } else if ["&", "*", "!", "?"].contains(scalars[index]) {
            return nil
        }
        // Renamed keys must differ from each other, so a further one gets one mark more.
        var marks = String.UnicodeScalarView()
        repeat { marks.append(mark) } while text.contains(String(marks))
        return String(scalars[..<index]) + String(marks) + String(scalars[index...])
    }
}

extension ConfigurationError {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let context = context.map { "\($0.text) " } ?? ""
            self = .syntax(line: mark.line, reason: context + problem)
        default:
            self = .syntax(line: nil, reason: "\(error)")
        }
    }
}
