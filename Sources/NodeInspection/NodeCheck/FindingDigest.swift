// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Findings in as few words as fit somewhere, such as a container's termination message.
public enum FindingDigest {
    /// What kubelet keeps of a termination message (`MaxContainerTerminationMessageLength`), in bytes.
    public static let terminationMessageLimit = 4096

    /// The longest line, in bytes.
    private static let lineLimit = 512

    /// How many findings there are of which verdict, and then those that are not `ok`, the worst first, as many as fit.
    ///
    /// - Parameter limit: in bytes; room for the first line is taken for granted.
    public static func text(of findings: [NodeFinding], limit: Int = terminationMessageLimit) -> String {
        let told = findings.filter { $0.verdict != .ok }.sorted { $0.verdict > $1.verdict }
        var text = summary(of: findings) + "\n"
        for (index, finding) in told.enumerated() {
            let line =
                cut("\(finding.verdict.rawValue) \(finding.subject): \(finding.words)".visible, to: lineLimit) + "\n"
            let rest = told.count - index
            let end = "and \(rest) more\n"
            // There must be room for what says that there are more, unless this is the last one.
            guard text.utf8.count + line.utf8.count + (rest > 1 ? end.utf8.count : 0) <= limit else {
                return text + end
            }
            text += line
        }
        return text
    }

    /// Such as `1 failure, 2 warnings`.
    public static func summary(of findings: [NodeFinding]) -> String {
        let parts = NodeFinding.Verdict.allCases.reversed().filter { $0 != .ok }.compactMap { verdict -> String? in
            let count = findings.count { $0.verdict == verdict }
            return count == 0 ? nil : "\(count) \(verdict.rawValue)\(count == 1 ? "" : "s")"
        }
        return parts.isEmpty ? "nothing is in the way" : parts.joined(separator: ", ")
    }

    private static func cut(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var cut = ""
        for character in text {
            guard cut.utf8.count + character.utf8.count <= limit - 3 else { break }
            cut.append(character)
        }
        return cut + "…"
    }
}
