// SPDX-License-Identifier: GPL-2.0-or-later
/// What came of one history.
package struct HistoryOutcome {
    package var seed: UInt64
    /// How many steps were followed.
    package var steps = 0
    /// How many objects passes have written, and how many of them because somebody else had changed them.
    package var written = 0
    package var repaired = 0
    /// What is wrong, each as a sentence; nothing if the kernel held what it should, and then what it had before.
    package var wrong: [String] = []
    /// What had happened before something was wrong.
    package var events: [String] = []
}

extension HistoryOutcome: CustomStringConvertible {
    package var description: String {
        guard !wrong.isEmpty else { return "seed \(seed): \(steps) steps" }
        let lines =
            ["seed \(seed), step \(steps), after:"] + events.map { "    \($0)" } + ["wrong:"]
            + wrong.map { "    \($0)" }
        return lines.joined(separator: "\n")
    }
}
