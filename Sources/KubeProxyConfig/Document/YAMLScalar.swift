// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import YAMLDocuments

/// Strings that go-yaml writes in quotes, because readers would take them for another type.
enum YAMLScalar {
    /// Whether the bare text is no string to every reader: it is nothing, a boolean, a number, a merge key, a date, or a number to the
    /// base of 60.
    static func isNoString(_ text: String) -> Bool {
        if case .string = PlainScalar.value(of: text) {
            text == "<<" || isSexagesimal(text) || isDate(text)
        } else {
            true
        }
    }

    /// Such as `20:30`, which an address with a port is not, unless it is short.
    private static func isSexagesimal(_ text: String) -> Bool {
        let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let parts = unsigned.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first?.utf8.first, isDigit(first) else { return false }
        return parts.dropFirst().allSatisfy { part in
            let whole = part.prefix { $0 != "." }
            return (1...2).contains(whole.count) && whole.utf8.allSatisfy(isDigit) && (Int(whole) ?? 60) < 60
        }
    }

    private static func isDate(_ text: String) -> Bool {
        let day = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false)
        return day.map(\.count) == [4, 2, 2] && day.allSatisfy { $0.utf8.allSatisfy(isDigit) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
