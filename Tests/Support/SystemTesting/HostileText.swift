// SPDX-License-Identifier: GPL-2.0-or-later
/// Texts that cost a reader of YAML or JSON much more than they are long.
package struct HostileText: Sendable, CustomStringConvertible {
    /// In the words of a test's name.
    package var what: String
    package var bytes: [UInt8]
    /// What the refusal says.
    package var reason: String

    package var description: String { what }

    init(_ what: String, _ text: String, _ reason: String) {
        self.init(what, bytes: Array(text.utf8), reason)
    }

    init(_ what: String, bytes: [UInt8], _ reason: String) {
        self.what = what
        self.bytes = bytes
        self.reason = reason
    }
}

extension HostileText {
    /// In YAML: each is refused, whoever reads it.
    package static let yaml: [HostileText] =
        nested + expanding + encoded + [
            HostileText("an alias to what it stands in", "a: &a [*a]\n", "undefined alias"),
            HostileText(
                "a million keys", (0..<1_000_000).map { "k\($0): 1\n" }.joined(), "larger than 8388608 bytes"),
            HostileText("600,000 values in a list", "[" + repeated("1,", 600_000) + "1]", "more than 500000 values"),
            HostileText("600,000 documents", repeated("---\n", 600_000), "more than 500000 values"),
            HostileText("a scalar of 9 MiB", "a: \"" + repeated("x", 9 << 20) + "\"\n", "larger than 8388608 bytes"),
            HostileText(
                "200,000 tag directives",
                (0..<200_000).map { "%TAG !t\($0)! tag:x,2000:\n" }.joined() + "---\na: 1\n",
                "%TAG directives"
            ),
            HostileText(
                "a million combining marks", "a: x" + repeated("\u{301}\u{323}", 500_000) + "\n", "combining marks"),
            HostileText(
                "combining marks in a key, as escapes",
                "{\"a" + repeated("\\u0301\\u0323", 100_000) + "\": 1}",
                "combining marks"
            ),
        ]

    /// In JSON: each is refused.
    package static let json: [HostileText] = [
        HostileText("deep lists", repeated("[", 1_000_000), "nested more than 500 levels"),
        HostileText("deep mappings", repeated("{\"a\":", 100_000), "nested more than 500 levels"),
        HostileText("600,000 values in a list", "[" + repeated("1,", 600_000) + "1]", "more than 500000 values"),
        HostileText("a number of a million digits", "[" + repeated("9", 1_000_000) + "]", "a number of 1000000"),
        HostileText("a string of 9 MiB", "\"" + repeated("x", 9 << 20) + "\"", "larger than 8388608 bytes"),
        HostileText("a million combining marks", "[\"" + repeated("\u{301}", 1_000_000) + "\"]", "combining marks"),
        HostileText(
            "combining marks as escapes", "{\"" + repeated("\\u0301", 100_000) + "\": 1}", "combining marks"),
        HostileText("NUL bytes", "{\"a\": \"\u{0}\"}", "control character"),
    ]

    private static let nested = [
        HostileText("deep lists in brackets", repeated("[", 1_000_000), "nested more than 500 levels"),
        HostileText("deep mappings in braces", repeated("{a: ", 100_000), "nested more than 500 levels"),
        HostileText("deep lists of one line", repeated("- ", 100_000) + "x\n", "nested more than 500 levels"),
        HostileText(
            "deep mappings of many lines",
            (0..<800).map { repeated(" ", $0) + "a:\n" }.joined(),
            "nested more than 500 levels"
        ),
        HostileText("deep keys", repeated("? ", 100_000) + "x\n", "a key that is no scalar"),
        HostileText(
            "aliases nested 13,500 levels deep",
            "- &a0 [x]\n" + (1..<13_500).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined(),
            "nested more than 500 levels"
        ),
        HostileText(
            "lists of 400 levels in each other by aliases",
            (0..<34).map { number in
                let inner = number == 0 ? "x" : "*a\(number - 1)"
                return "- &a\(number) " + repeated("[", 400) + inner + repeated("]", 400) + "\n"
            }.joined(),
            "nested more than 500 levels"
        ),
        HostileText(
            "merged mappings nested 13,500 levels deep",
            "- &a0 {x: 1}\n" + (1..<13_500).map { "- &a\($0) {b: {<<: *a\($0 - 1)}}\n" }.joined(),
            "nested more than 500 levels"
        ),
    ]

    private static let expanding = [
        HostileText("a billion laughs", laughs(levels: 20), "more than 500000 values, aliases followed"),
        HostileText(
            "a billion laughs as a key",
            laughs(levels: 4) + "? *a4\n: 1\n",
            "a key that is no scalar"
        ),
        HostileText(
            "merges of merges",
            "a0: &a0 {x: 1, y: 2}\n"
                + (1...40).map { "a\($0): &a\($0) {<<: [*a\($0 - 1), *a\($0 - 1)], z\($0): 1}\n" }.joined(),
            "more than 500000 values, aliases followed"
        ),
        HostileText(
            "a long text many times",
            "x: &x " + repeated("y", 100_000) + "\nitems: [" + repeated("*x, ", 1000) + "1]\n",
            "bytes of text, aliases followed"
        ),
    ]

    private static let encoded = [
        HostileText("NUL bytes", "a: b\u{0}c\n", "control characters"),
        HostileText("bytes that are no UTF-8", bytes: Array("a: 1\nb: ".utf8) + [0xc3, 0x28], "not UTF-8"),
        HostileText("UTF-16, little end first", bytes: [0xff, 0xfe, 0x61, 0, 0x3a, 0], "UTF-16"),
        HostileText("UTF-16, big end first", bytes: [0xfe, 0xff, 0, 0x61, 0, 0x3a], "UTF-16"),
    ]

    private static func laughs(levels: Int) -> String {
        "a0: &a0 [" + repeated("x, ", 9) + "x]\n"
            + (1...levels).map { level in
                "a\(level): &a\(level) [" + repeated("*a\(level - 1), ", 9) + "*a\(level - 1)]\n"
            }.joined()
    }

    private static func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }
}
