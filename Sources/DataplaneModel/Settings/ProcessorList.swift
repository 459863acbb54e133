// SPDX-License-Identifier: GPL-2.0-or-later
/// A list of CPUs as the kernel writes it: `Documentation/admin-guide/cputopology.rst`.
public struct ProcessorList: Hashable, Sendable {
    public var ranges: [ClosedRange<Int>]

    /// - Parameter text: such as `0-3,8`; `nil` for anything else.
    public init?(_ text: String) {
        ranges = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
                0 <= first, first <= last
            else { return nil }
            ranges.append(first...last)
        }
    }

    /// How many CPUs are in it.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }
}
