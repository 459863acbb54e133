// SPDX-License-Identifier: GPL-2.0-or-later
extension StringProtocol {
    /// The text on one line and as it is, for people: what would begin a new line, move a terminal's cursor or turn the
    /// direction of writing stands there as an escape, such as `\\n` or `\\u{1b}`.
    ///
    /// For all text that others have written: names of files and of objects, and what is said about them. Tabulators stay.
    public var visible: String {
        guard unicodeScalars.contains(where: \.isInvisibleControl) else { return String(self) }
        var text = ""
        for scalar in unicodeScalars {
            if !scalar.isInvisibleControl {
                text.unicodeScalars.append(scalar)
            } else if scalar == "\n" {
                text += "\\n"
            } else if scalar == "\r" {
                text += "\\r"
            } else {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether it controls how text around it is shown: C0 and C1 controls but the tabulator, separators of lines and
    /// paragraphs, and marks of direction (CVE-2021-42574).
    var isInvisibleControl: Bool {
        switch value {
        case 0x09: false
        case 0...0x1f, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0x061c, 0xfeff: true
        default: false
        }
    }
}
