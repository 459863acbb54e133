// SPDX-License-Identifier: GPL-2.0-or-later
import JSONStrings

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
