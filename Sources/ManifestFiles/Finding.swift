// SPDX-License-Identifier: GPL-2.0-or-later
/// A report and what makes it the same report when it is found again.
struct Finding: Hashable {
    struct Key: Hashable {
        var file: String?
        var object: String?
        var field: String?
        /// Tells reports of the same place apart; holds no line number that an edit elsewhere changes.
        var identity: String
    }

    var report: ManifestReport
    var key: Key

    init(_ report: ManifestReport, identity: String) {
        self.report = report
        key = Key(file: report.file, object: report.object, field: report.field, identity: identity)
    }
}

/// Which findings stand now, and which of them nobody was told of.
struct FindingLedger {
    private var standing: [Finding.Key: Int] = [:]
    /// Taken back since the last telling: raised again, they are no news.
    private var retired: Set<Finding.Key> = []
    private var new: [Finding] = []

    mutating func retire(_ findings: [Finding]) {
        for finding in findings {
            guard let count = standing[finding.key] else { continue }
            standing[finding.key] = count > 1 ? count - 1 : nil
            if count == 1 { retired.insert(finding.key) }
        }
    }

    mutating func raise(_ findings: [Finding]) {
        for finding in findings {
            if standing[finding.key] == nil, !retired.contains(finding.key) { new.append(finding) }
            standing[finding.key, default: 0] += 1
        }
    }

    /// The reports of what was raised since the last call, still stands and did not stand then.
    mutating func takeNew() -> [ManifestReport] {
        defer {
            new = []
            retired = []
        }
        return new.filter { standing[$0.key] != nil }.map(\.report)
    }
}
