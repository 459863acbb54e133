// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import DataplaneModel
package import Logging
package import Reconcile
package import ServicePlan

/// Tells an operator of passes: each fault once when it appears and once when it is over, never on every retry.
package struct PassLog {
    private let logger: Logger
    private var refusals: [IPFamily: Set<Refusal>] = [:]
    /// Those of rules, and those of passes, apart: each report ends its own.
    private var failures: [ReportSource: Set<DataplaneError>] = [:]
    /// Refused in the last verifying pass without being wanted: what somebody else has made and the kernel will not remove.
    private var keptStrays: [IPFamily: Set<Refusal>] = [:]
    private var omissions: [IPFamily: [ServicePortID: [PlanOmission]]] = [:]
    /// What has not been brought in line since the start.
    private var outstanding: Set<ReportSource>
    /// Objects written until all families were brought in line.
    private var firstChanges = 0

    /// A report's source.
    private struct ReportSource: Hashable {
        var family: IPFamily
        var isOfRules: Bool
    }

    /// Lines for one pass. A kernel that refuses everything is one fault, not ten thousand.
    private static var lineLimit: Int { 20 }

    package init(families: [IPFamily], logger: Logger) {
        self.logger = logger
        outstanding = Set(
            families.flatMap {
                [ReportSource(family: $0, isOfRules: false), ReportSource(family: $0, isOfRules: true)]
            })
    }

    /// Whether each family's pass and its rules have been complete once.
    package var hasCompletedFirstPass: Bool { outstanding.isEmpty }

    /// Whether the line for a pass names Services.
    package var namesServices: Bool { logger.logLevel <= .debug }

    /// - Parameter services: what the pass did for each of them, as texts.
    package mutating func note(_ report: PassReport, took duration: Duration, services: [String] = []) {
        noteFailures(report)
        noteRefusals(report)

        var metadata: Logger.Metadata = [
            "family": "\(report.family)", "mode": "\(report.mode)", "took": .stringConvertible(duration),
        ]
        for (kind, count) in report.applied {
            metadata[kind.rawValue] = .stringConvertible(count)
        }
        if let conntrack = report.conntrack {
            metadata["flows_read"] = .stringConvertible(conntrack.examined)
            metadata["flows_deleted"] = .stringConvertible(conntrack.deleted)
        }
        if !services.isEmpty { metadata["services"] = .array(services.map { .string($0) }) }
        for rule in report.newlyContested {
            logger.warning(
                "a rule of others comes before KUBE-SERVICES again and again: the jump is moved to the front once in a while",
                metadata: ["family": "\(report.family)", "rule": "\(rule)"]
            )
        }
        logger.debug("pass", metadata: metadata)
        noteReportSource(report)
        if !report.drift.isEmpty {
            var drift: Logger.Metadata = ["family": "\(report.family)"]
            for (kind, count) in report.drift {
                drift[kind.rawValue] = .stringConvertible(count)
            }
            drift["objects"] = .array(report.driftNames.map { .string($0) })
            logger.notice("repaired what somebody else changed", metadata: drift)
        }
    }

    private mutating func noteReportSource(_ report: PassReport) {
        guard !outstanding.isEmpty else { return }
        firstChanges += report.applied.values.reduce(0, +)
        // Changes may be written while the first pass still binds addresses.
        guard report.mode != .changes, report.failures.isEmpty else { return }
        outstanding.remove(ReportSource(family: report.family, isOfRules: report.mode == .rules))
        guard outstanding.isEmpty else { return }
        var metadata: Logger.Metadata = ["changes": .stringConvertible(firstChanges)]
        let refused = refusals.values.reduce(into: Set<Refusal>()) { $0.formUnion($1) }
        if !refused.isEmpty {
            metadata["refused"] = .stringConvertible(refused.count)
            metadata["refused-changes"] = .array(
                refused.map(\.attempt).sorted().prefix(Self.lineLimit).map { .string($0) })
        }
        logger.info("first pass complete", metadata: metadata)
    }

    private mutating func noteFailures(_ report: PassReport) {
        let source = ReportSource(family: report.family, isOfRules: report.mode == .rules)
        let before = failures[source] ?? []
        for failure in report.failures where !before.contains(failure) {
            logger.error(
                "a part of the data plane failed",
                metadata: ["family": "\(report.family)", "part": "\(failure.part.rawValue)", "error": "\(failure)"]
            )
        }
        // What a pass of changes does not touch may be broken still: only a pass that looks at all of a part ends its failure.
        let now = report.mode == .changes ? before.union(report.failures) : Set(report.failures)
        for part in Set(before.map(\.part)).subtracting(now.map(\.part)).sorted(by: { $0.rawValue < $1.rawValue }) {
            logger.info(
                "a part of the data plane works again",
                metadata: ["family": "\(report.family)", "part": "\(part.rawValue)"]
            )
        }
        failures[source] = now
    }

    private mutating func noteRefusals(_ report: PassReport) {
        let before = refusals[report.family] ?? []
        guard report.mode != .rules, !report.refusals.isEmpty || report.standing.count != before.count else { return }
        let strays = keptStrays[report.family] ?? []
        let new = report.refusals.filter { !before.contains($0) && !strays.contains($0) }
        for refusal in new.prefix(Self.lineLimit) {
            logger.warning(
                "the kernel refused a change",
                metadata: [
                    "family": "\(report.family)", "change": "\(refusal.attempt)", "error": "\(refusal.error)",
                ]
            )
        }
        if new.count > Self.lineLimit {
            logger.warning(
                "the kernel refused more changes",
                metadata: ["family": "\(report.family)", "count": .stringConvertible(new.count - Self.lineLimit)]
            )
        }
        let standing = Set(report.standing.refusals)
        if !before.isEmpty, standing.isEmpty {
            logger.info("the kernel took all changes it had refused", metadata: ["family": "\(report.family)"])
        }
        refusals[report.family] = standing
        if report.mode == .verify { keptStrays[report.family] = Set(report.refusals).subtracting(standing) }
    }

    /// What a Service port asks for and does not get.
    package mutating func noteOmissions(_ found: [PlanOmission], of id: ServicePortID, _ family: IPFamily) {
        let before = omissions[family, default: [:]][id] ?? []
        // Other logs say more of addresses and of settings.
        for omission in found where !before.contains(omission) && omission != .vitalAddress && omission != .setting {
            logger.warning(
                "a Service does not get all that it asks for",
                metadata: ["family": "\(family)", "service-port": "\(id)", "omitted": "\(omission.rawValue)"]
            )
        }
        omissions[family, default: [:]][id] = found.isEmpty ? nil : found
    }
}
