// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import KubernetesObjects

/// A moment, counted from 1970-01-01T00:00:00Z.
public struct UnixTime: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// By the clock of this node.
    public static var current: UnixTime {
        UnixTime(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded(.down)))
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension UnixTime {
    /// The time that an RFC 3339 text such as `2026-03-01T12:00:00.5+01:00` names.
    public init?(rfc3339 text: String) {
        guard let time = RFC3339Time(text) else { return nil }
        microseconds = time.microseconds
    }

    /// As `MicroTime` of meta/v1 is written: `2026-03-01T12:00:00.500000Z`.
    public var microTime: String {
        let (seconds, fraction) = microseconds.quotientAndModulus(by: 1_000_000)
        let (days, secondOfDay) = seconds.quotientAndModulus(by: 86400)
        let date = Self.date(days: days)
        let clock = [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60]
        return date.year.padded(to: 4) + "-" + date.month.padded(to: 2) + "-" + date.day.padded(to: 2) + "T"
            + clock.map { $0.padded(to: 2) }.joined(separator: ":") + "." + fraction.padded(to: 6) + "Z"
    }

    // Years are counted from March, so that the leap day comes last, and in eras of 400 years, which all have 146,097 days.

    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndModulus(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Division that rounds down: the modulus is never negative.
    fileprivate func quotientAndModulus(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    fileprivate func padded(to width: Int) -> String {
        let text = String(self)
        return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
    }
}
