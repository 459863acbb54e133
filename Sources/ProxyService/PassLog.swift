import Addressing
import DataplaneModel
import Logging
import Reconcile
import ServicePlan

/// Tells an operator of passes: each fault once when it appears and once when it is over, never on every retry.
struct PassLog {
    private let logger: Logger
    private var refusals: [IPFamily: Set<Refusal>] = [:]
    private var failures: [IPFamily: Set<DataplaneError>] = [:]
    private var settingFailures: Set<DataplaneError> = []
    private var contested: [IPFamily: Set<VirtualServer.ID>] = [:]
    private var omissions: [IPFamily: [ServicePortID: [PlanOmission]]] = [:]
    /// The families that have not been brought in line since the start.
    private var outstanding: Set<IPFamily>
    /// Objects written until all families were brought in line.
    private var firstChanges = 0

    /// Lines for one pass. A kernel that refuses everything is one fault, not ten thousand.
    private static var lineLimit: Int { 20 }

    init(families: [IPFamily], logger: Logger) {
        self.logger = logger
        outstanding = Set(families)
    }

    mutating func note(_ report: PassReport, took duration: Duration) {
        noteFailures(report)
        noteSettings(report)
        noteRefusals(report)

        var metadata: Logger.Metadata = [
            "family": "\(report.family)", "mode": "\(report.mode)", "took": "\(duration)",
        ]
        for (kind, count) in report.applied {
            metadata[kind.rawValue] = "\(count)"
        }
        if let conntrack = report.conntrack {
            metadata["flows_read"] = "\(conntrack.examined)"
            metadata["flows_deleted"] = "\(conntrack.deleted)"
        }
        logger.debug("pass", metadata: metadata)
        noteFirstPass(report)
        if !report.drift.isEmpty {
            var drift: Logger.Metadata = ["family": "\(report.family)"]
            for (kind, count) in report.drift {
                drift[kind.rawValue] = "\(count)"
            }
            logger.notice("repaired what somebody else changed", metadata: drift)
        }
    }

    private mutating func noteFirstPass(_ report: PassReport) {
        guard outstanding.contains(report.family) else { return }
        firstChanges += report.applied.values.reduce(0, +)
        // Changes may be written while the first pass still binds addresses.
        guard report.mode == .verify, report.isComplete else { return }
        outstanding.remove(report.family)
        if outstanding.isEmpty {
            logger.info("first pass complete", metadata: ["changes": "\(firstChanges)"])
        }
    }

    private mutating func noteFailures(_ report: PassReport) {
        let now = Set(report.failures)
        let before = failures[report.family] ?? []
        for failure in report.failures where !before.contains(failure) {
            logger.error(
                "a part of the data plane failed",
                metadata: ["family": "\(report.family)", "part": "\(failure.part.rawValue)", "error": "\(failure)"]
            )
        }
        for part in Set(before.map(\.part)).subtracting(now.map(\.part)) {
            logger.info(
                "a part of the data plane works again",
                metadata: ["family": "\(report.family)", "part": "\(part.rawValue)"]
            )
        }
        failures[report.family] = now
    }

    private mutating func noteSettings(_ report: PassReport) {
        guard let failures = report.settingFailures else { return }
        for failure in failures where !settingFailures.contains(failure) {
            logger.error("a setting of the kernel cannot be kept", metadata: ["error": "\(failure)"])
        }
        if !settingFailures.isEmpty, failures.isEmpty {
            logger.info("the settings of the kernel are as they should be again")
        }
        settingFailures = Set(failures)
    }

    private mutating func noteRefusals(_ report: PassReport) {
        let before = refusals[report.family] ?? []
        let new = report.refusals.filter { !before.contains($0) }
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
                metadata: ["family": "\(report.family)", "count": "\(new.count - Self.lineLimit)"]
            )
        }
        if !before.isEmpty, report.refusals.isEmpty {
            logger.info("the kernel took all changes it had refused", metadata: ["family": "\(report.family)"])
        }
        refusals[report.family] = Set(report.refusals)
    }

    /// Virtual servers that several Service ports want: that is a fault in the objects.
    mutating func noteContested(
        _ servers: [(id: VirtualServer.ID, owner: ServicePortID, others: [ServicePortID])],
        _ family: IPFamily
    ) {
        let before = contested[family] ?? []
        for server in servers where !before.contains(server.id) {
            logger.warning(
                "several Service ports want one virtual server; the first one has it",
                metadata: [
                    "virtual-server": "\(server.id)", "service-port": "\(server.owner)",
                    "others": "\(server.others.map(\.description).joined(separator: ", "))",
                ]
            )
        }
        contested[family] = Set(servers.map(\.id))
    }

    /// What a Service port asks for and does not get.
    mutating func noteOmissions(_ found: [PlanOmission], of id: ServicePortID, _ family: IPFamily) {
        let before = omissions[family, default: [:]][id] ?? []
        for omission in found where !before.contains(omission) {
            logger.warning(
                "a Service does not get all that it asks for",
                metadata: ["family": "\(family)", "service-port": "\(id)", "omitted": "\(omission.rawValue)"]
            )
        }
        omissions[family, default: [:]][id] = found.isEmpty ? nil : found
    }
}
