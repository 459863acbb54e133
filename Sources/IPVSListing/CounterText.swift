// SPDX-License-Identifier: GPL-2.0-or-later
extension ListingText {
    /// A counter in its column, as ipvsadm shows counters and most rates.
    ///
    /// Nine bytes; from 100 million on in thousands (`K`), millions (`M`), … by powers of ten, rounded down, such that at
    /// least three digits more than the unit remain. `exact` shows all digits and widens the column where it must.
    mutating func append(counter: UInt64, exact: Bool) {
        if exact {
            let digits = String(counter)
            append(digits, rightAlignedIn: max(9, digits.utf8.count + 1))
        } else if counter < 100_000_000 {
            append(String(counter), rightAlignedIn: 9)
        } else {
            let (unit, letter): (UInt64, String) =
                switch counter {
                case ..<1_000_000_000: (1000, "K")
                case ..<100_000_000_000: (1_000_000, "M")
                case ..<100_000_000_000_000: (1_000_000_000, "G")
                default: (1_000_000_000_000, "T")
                }
            append(String(counter / unit), rightAlignedIn: 8)
            append(letter)
        }
    }
}
