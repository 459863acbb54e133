// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

/// What others have written stays on its line.
struct VisibleTextTests {
    @Test(arguments: [
        ("web", "web"), ("", ""), ("wörld \u{1F600}\ttab", "wörld \u{1F600}\ttab"),
        ("a\nlevel=error", #"a\nlevel=error"#), ("a\r\nb", #"a\r\nb"#), ("\u{1b}[2Jgone", #"\u{1b}[2Jgone"#),
        ("a\u{2028}b\u{2029}c", #"a\u{2028}b\u{2029}c"#),
        ("\u{85}\u{9b}31m\u{7f}\u{0}", #"\u{85}\u{9b}31m\u{7f}\u{0}"#),
        ("user\u{202e}toor", #"user\u{202e}toor"#), ("a\u{2066}b", #"a\u{2066}b"#),
    ])
    func `names of files and objects cannot make up lines or move a terminal's cursor`(text: String, visible: String) {
        #expect(text.visible == visible)
    }

    @Test(arguments: [
        (#"a"b\c"#, #""a\"b\\c""#), ("a\nb\u{1b}", #""a\u000ab\u001b""#),
        ("a\u{2028}\u{202e}\u{9b}\u{7f}", #""a\u2028\u202e\u009b\u007f""#),
        ("wörld \u{1F600}", "\"wörld \u{1F600}\""),
    ])
    func `JSON has such characters as escapes`(text: String, json: String) {
        #expect(String(decoding: JSONValue.string(text).text, as: UTF8.self) == json)
    }
}
