// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

extension StatusReport {
    /// One screen, the verdict first.
    public var lines: [String] {
        let troubles = troubles
        var lines: [String] = []
        if let first = troubles.first {
            lines.append("node \(node) is not as it should be: \(first)")
            lines += troubles.dropFirst().map { "  also: \($0)" }
        } else {
            lines.append("node \(node) is as it should be")
        }
        lines.append("  kube-ipvs \(version), for \(ageText(uptime)); objects from \(source)")
        if let dryRun {
            lines.append("  a dry run: nothing is written; differences: \(dryRun.differences)")
            lines += dryRun.names.map { "    \($0)" }
        }
        for family in families { lines += family.lines }
        for watch in watches { lines.append("  \(watch.line)") }
        lines += list("objects of which something cannot be used", rejectedCount, rejected.map(\.text))
        if !repaired.isEmpty {
            lines.append("  put right lately, what others had changed:")
            lines += repaired.prefix(Self.shownRepairs).map { "    \($0.name), \(ageText($0.age)) ago" }
        }
        return lines
    }

    private static var shownRepairs: Int { 5 }

    private func list(_ title: String, _ count: Int, _ names: [String]) -> [String] {
        guard count > 0 else { return [] }
        let rest = count - names.count
        return ["  \(title): \(count)"] + names.map { "    \($0)" } + (rest > 0 ? ["    and \(rest) more"] : [])
    }
}

extension FamilyStatus {
    fileprivate var lines: [String] {
        var lines = ["  \(family): \(passText)"]
        var servers = "\(virtualServers) virtual servers, \(realServers) real servers"
        if draining > 0 { servers += ", \(draining) more drain" }
        if contestedServers > 0 { servers += ", \(contestedServers) virtual servers are wanted twice" }
        lines.append("    \(servers)")
        lines += setLines.map { "    \($0)" }
        lines += refused.map { "    refused: \($0.attempt): \($0.error)" }
        if refusedCount > refused.count { lines.append("    refused: and \(refusedCount - refused.count) more") }
        if !drift.isEmpty {
            let counts = drift.map { "\($0.count) \($0.kind)" }.joined(separator: ", ")
            lines.append("    others have changed in 24 h: \(counts)")
        }
        return lines
    }

    private var passText: String {
        var text = lastCompletePass.map { "complete \(ageText($0)) ago" } ?? "not complete yet"
        if let pass = lastPass {
            text += "; last pass (\(pass.mode)) \(ageText(pass.age)) ago, \(pass.milliseconds) ms"
        }
        return text
    }

    /// The sets that hold anything, several on a line.
    private var setLines: [String] {
        var lines: [String] = []
        for set in sets where set.entries > 0 {
            let percent = set.capacity > 0 ? set.entries * 100 / set.capacity : 0
            let text = "\(set.name) \(set.entries) (\(percent) % full)"
            if let last = lines.last, last.utf8.count + text.utf8.count < Self.width {
                lines[lines.count - 1] += ", \(text)"
            } else {
                lines.append(text)
            }
        }
        return lines
    }

    /// Of a line, so that it fits on a terminal.
    private static var width: Int { 100 }
}

extension WatchStatus {
    fileprivate var line: String {
        switch state {
        case .listing: "\(resource): not listed yet"
        case .watching: "\(resource): watched\(lastEvent.map { ", last event \(ageText($0)) ago" } ?? "")"
        case .failed:
            "\(resource): not watched\(failedSince.map { " for \(ageText($0))" } ?? "")"
                + (error.map { ": \($0)" } ?? "")
        }
    }
}
