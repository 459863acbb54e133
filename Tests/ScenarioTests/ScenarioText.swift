// SPDX-License-Identifier: GPL-2.0-or-later
/// The text of a scenario: a comment, then sections that begin with a line `-- TITLE --`.
struct ScenarioText {
    struct Section {
        var title: String
        /// Of its title, from 1.
        var line: Int
        var body: [String]

        /// What comes after `word: ` in the title; `nil` for a title that begins otherwise.
        func argument(after word: String) -> String? {
            title.hasPrefix(word + ": ") ? String(title.dropFirst(word.count + 2)) : nil
        }

        /// The lines that say something.
        var entries: [String] { body.filter { !$0.isEmpty && !$0.hasPrefix("#") } }

        /// The body with its place in the file: a line number in a message is the file's.
        var document: String { String(repeating: "\n", count: line) + body.joined(separator: "\n") + "\n" }
    }

    /// What stands before the first section.
    var comment: [String] = []
    var sections: [Section] = []

    init(_ text: String) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated()
        {
            if line.hasPrefix("-- "), line.hasSuffix(" --"), line.count > 6 {
                let title = String(line.dropFirst(3).dropLast(3))
                sections.append(Section(title: title, line: index + 1, body: []))
            } else if sections.isEmpty {
                comment.append(line)
            } else {
                sections[sections.count - 1].body.append(line)
            }
        }
    }

    func section(_ title: String) -> Section? {
        sections.first { $0.title == title }
    }
}

/// What is wrong with the text of a scenario.
struct ScenarioError: Error, CustomStringConvertible {
    var description: String

    init(_ section: ScenarioText.Section, _ reason: String) {
        description = "section `\(section.title)` in line \(section.line): \(reason)"
    }

    init(_ reason: String) {
        description = reason
    }
}
