// SPDX-License-Identifier: GPL-2.0-or-later
extension String {
    /// Whether no more combining marks follow each other than the Stream-Safe Text Format has (UAX #15, section 13).
    ///
    /// Swift compares and hashes strings by what their characters mean. For that it sorts such a run, in a time that grows with
    /// the square of its length: 800 KB of marks take 38 s to be compared with "kind".
    package var isStreamSafe: Bool {
        // The first combining mark is U+0300, and no byte of a lower code point is that large.
        guard utf8.contains(where: { $0 >= 0xcc }) else { return true }
        var run = 0
        for scalar in unicodeScalars {
            let isMark = scalar.value >= 0x300 && scalar.properties.canonicalCombiningClass != .notReordered
            run = isMark ? run + 1 : 0
            if run > 30 { return false }
        }
        return true
    }

    /// In double quotes, cut to a length that fits a message, and with what could break a line made visible.
    ///
    /// Code points are counted and not characters, of which one can be as long as the text; and no more of it is looked at
    /// than is shown.
    package var quotedForMessage: String {
        "\"" + cutForMessage.unicodeScalars.map { $0.escaped(asASCII: false) }.joined() + "\""
    }

    /// The first code points, as many as fit a message.
    package var cutForMessage: String {
        let scalars = unicodeScalars
        let longest = 80
        guard let end = scalars.index(scalars.startIndex, offsetBy: longest, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return self }
        return String(scalars[..<end]) + "…"
    }
}
