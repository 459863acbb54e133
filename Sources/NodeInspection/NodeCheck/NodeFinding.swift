// SPDX-License-Identifier: GPL-2.0-or-later
/// One thing that was found out about a node before the daemon runs there.
public struct NodeFinding: Hashable, Sendable {
    public enum Verdict: String, CaseIterable, Comparable, Sendable {
        case ok
        /// Nothing is wrong; somebody may want to know.
        case notice
        /// The daemon would run, and something would not be as somebody wants it.
        case warning
        /// The daemon would not start, or not serve.
        case failure

        public static func < (lhs: Self, rhs: Self) -> Bool {
            (allCases.firstIndex(of: lhs) ?? 0) < (allCases.firstIndex(of: rhs) ?? 0)
        }
    }

    public var verdict: Verdict
    /// What was looked at, in a word or two.
    public var subject: String
    /// What was found, for a person, and what to do about it.
    public var words: String

    public init(_ verdict: Verdict, _ subject: String, _ words: String) {
        self.verdict = verdict
        self.subject = subject
        self.words = words.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension NodeFinding: LosslessStringConvertible {
    /// One line: verdict, subject and words with tabs between.
    public var description: String { "\(verdict.rawValue)\t\(subject)\t\(words)" }

    public init?(_ description: String) {
        let parts = description.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let verdict = Verdict(rawValue: String(parts[0])) else { return nil }
        self.init(verdict, String(parts[1]), String(parts[2]))
    }
}
