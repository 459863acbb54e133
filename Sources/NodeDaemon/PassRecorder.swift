// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesHTTP
import KubernetesObjects
import Logging
import NodeStatus
import NodeSync
import ProxyTelemetry
import Reconcile
import ServicePlan

/// Carries what the passes do to the log, the metrics, health, and the health-check node ports.
///
/// Belongs to the actor that makes the passes.
final class PassRecorder: PassObserver {
    private(set) var instruments: ProxyInstruments
    private var log: PassLog
    private var changes = ServiceChanges()
    private var claims: ClaimLog
    private var settings: SettingLog
    private var remarks: ServiceRemarks
    private var troubles: TroubleEvents
    private var statuses = ServiceStatusTable()
    private let healthCheckPorts: HealthCheckPorts
    private let status: StatusBoard?
    private let dryRun: DryRun?
    private var differences: DifferenceLog?
    /// The families whose health-check node ports are not yet as the Services have them.
    private var changedHealthChecks: Set<IPFamily> = []
    private var healthCheckAddresses: [IPFamily: [IPAddress]] = [:]

    init(
        families: [IPFamily],
        instruments: ProxyInstruments,
        settings: SettingLog,
        healthCheckPorts: HealthCheckPorts,
        status: StatusBoard? = nil,
        dryRun: DryRun? = nil,
        differences: DifferenceLog? = nil,
        logger: Logger,
        nodeName: String,
        record: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.instruments = instruments
        log = PassLog(families: families, logger: logger)
        self.settings = settings
        claims = ClaimLog(logger: logger, record: record)
        remarks = ServiceRemarks(logger: logger, record: record)
        troubles = TroubleEvents(nodeName: nodeName, record: record)
        self.healthCheckPorts = healthCheckPorts
        self.status = status
        self.dryRun = dryRun
        self.differences = differences
        if dryRun != nil { status?.note(KernelDifferences()) }
    }

    /// Whether the kernel has once held all that is wanted, in all families.
    var hasCompletedFirstPass: Bool { log.hasCompletedFirstPass }

    // MARK: What is told

    func noteUpdates(_ updates: [ObjectUpdate], _ triggers: [ChangeTrigger]) {
        instruments.noteUpdates(updates, triggers)
    }

    func noteQueued(at now: Instant) {
        instruments.noteQueued(at: now)
    }

    func noteNode(_ node: Node) {
        instruments.health.noteNode(node)
    }

    // MARK: What passes do

    func planningBegan() {
        claims.beginPlanning()
        remarks.beginPlanning()
    }

    func planned(_ id: ServicePortID, _ family: IPFamily, _ observations: PlanObservations) {
        if statuses.record(observations, of: id, in: family) {
            changedHealthChecks.insert(family)
        }
        log.noteOmissions(observations.omissions, of: id, family)
        claims.note(observations.concerns, of: id, family)
        remarks.note(observations, of: id, family)
    }

    var comparesContributions: Bool { log.namesServices }

    func replacing(_ id: ServicePortID, _ family: IPFamily, from before: Contribution, to after: Contribution) {
        changes.note(id, family, from: before, to: after)
    }

    func planningEnded(isAll: Bool) {
        instruments.notePlanned(statuses, isAll: isAll)
    }

    func changesTaken(_ family: IPFamily, at now: Instant) {
        instruments.notePassStarted(family, at: now)
    }

    func passSkipped(_ family: FamilyPasses, at now: Instant) {
        instruments.notePassSkipped(family.family, at: now)
    }

    func passEnded(_ pass: EndedPass, of family: FamilyPasses) {
        let pass = dryRun?.passEnded(pass, of: family) ?? pass
        noteDifferences()
        instruments.notePassEnded(pass, of: family)
        let services = changes.take(family.family) { family.reconciler.desired.contribution(of: $0) }
        log.note(pass.report, took: pass.took, services: services)
        status?.note(pass.report, sizes: family.reconciler.sizes, took: pass.took, at: pass.ended)
        if let degraded = pass.report.degradedSettings {
            settings.note(degraded)
            status?.note(degraded)
        }
        claims.note(pass.contests)
        troubles.note(pass.report, family.reconciler.desired)
    }

    func rulesKept(_ report: PassReport, took duration: Duration, at now: Instant) {
        let report = dryRun?.take(rules: report) ?? report
        noteDifferences()
        instruments.noteRules(report, at: now)
        log.note(report, took: duration)
        status?.note(report, sizes: nil, took: duration, at: now)
        troubles.note(rules: report)
    }

    private func noteDifferences() {
        guard let found = dryRun?.differences else { return }
        differences?.note(found)
        status?.note(found)
    }

    /// The ports follow the pass, so that a load balancer sees only a node that serves.
    func serves(_ family: IPFamily, _ basis: PlanBasis) {
        // In a dry run the ports are another proxy's.
        guard dryRun == nil else { return }
        let addresses = HealthCheckPorts.addresses(family, basis)
        if changedHealthChecks.remove(family) != nil || healthCheckAddresses[family] != addresses {
            healthCheckAddresses[family] = addresses
            healthCheckPorts.replace(family, statuses.healthChecks(family), on: addresses)
        } else {
            healthCheckPorts.retry()
        }
    }
}
