// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import DataplaneModel
package import KubernetesHTTP
import KubernetesObjects
package import NodeSync
package import Reconcile
package import ServicePlan

/// Carries what happens in the proxy to the metrics and to health, and remembers what both need from one event to the next.
///
/// Belongs to the actor that makes the passes.
package struct ProxyInstruments {
    let metrics: ProxyMetrics
    package let health: HealthBoard
    private let families: [IPFamily]
    private let calendar: @Sendable () -> UnixTime

    private var latency: ProgrammingLatency
    private var pendingServices: Set<ObjectName> = []
    private var pendingSlices: Set<ObjectName> = []
    /// Families of which no verifying pass has succeeded yet, or one has failed since.
    private var broken: Set<IPFamily>
    /// Families whose rules have not been kept yet, or not when they were last looked at.
    private var brokenRules: Set<IPFamily>
    /// Families that have objects which the kernel refused for lack of memory or permission.
    private var refusedByNode: Set<IPFamily> = []
    private var counters: TrafficSelection

    /// - Parameter virtualServerLimit: of how many virtual servers of each family there are traffic counters.
    package init(
        metrics: ProxyMetrics,
        health: HealthBoard,
        families: [IPFamily],
        virtualServerLimit: Int,
        calendar: @escaping @Sendable () -> UnixTime = { .current }
    ) {
        self.metrics = metrics
        self.health = health
        self.families = families
        broken = Set(families)
        brokenRules = Set(families)
        self.calendar = calendar
        latency = ProgrammingLatency(families: families, start: calendar())
        counters = TrafficSelection(limit: virtualServerLimit)
    }

    package var wantsStatistics: Bool { counters.limit > 0 }

    // MARK: Before a pass

    package mutating func noteUpdates(_ updates: [ObjectUpdate], _ triggers: [ChangeTrigger]) {
        var services = 0
        for update in updates {
            switch update {
            case .service(let service):
                services += 1
                pendingServices.insert(service.name)
            case .serviceRemoved(let name):
                services += 1
                pendingServices.insert(name)
            case .slice(let slice): pendingSlices.insert(slice.name)
            case .sliceRemoved(let name): pendingSlices.insert(name)
            }
        }
        for trigger in triggers {
            latency.note(trigger)
        }
        metrics.kubeProxy.noteChanges(
            services: services,
            pendingServices: pendingServices.count,
            slices: updates.count - services,
            pendingSlices: pendingSlices.count
        )
    }

    /// There is something to bring to the kernel.
    package func noteQueued(at now: ContinuousClock.Instant) {
        for family in families {
            health.noteChange(family, at: now)
            metrics.kubeProxy.noteQueued(family, at: calendar())
        }
    }

    /// What changed is now part of what is wanted.
    ///
    /// - Parameter isAll: whether nothing is left to plan.
    package mutating func notePlanned(_ statuses: ServiceStatusTable, isAll: Bool) {
        if isAll {
            pendingServices.removeAll()
            pendingSlices.removeAll()
            metrics.kubeProxy.notePlanned()
        }
        for family in families {
            for policy in ServiceStatusTable.TrafficPolicyKind.allCases {
                let count = statuses.servicesWithoutLocalEndpoints(policy, family)
                metrics.kubeProxy.noteNoLocalEndpoints(count, policy, family)
            }
            for omission in PlanOmission.allCases {
                metrics.objects.noteOmissions(statuses.servicePorts(with: omission, family), omission, family)
            }
        }
    }

    // MARK: Passes

    package mutating func notePassStarted(_ family: IPFamily, at now: ContinuousClock.Instant) {
        health.notePassStarted(family, at: now)
        latency.notePassStarted(family)
    }

    /// A pass had nothing to do: the kernel has what is wanted, unless it is known not to.
    package mutating func notePassSkipped(_ family: IPFamily, at now: ContinuousClock.Instant) {
        finish(family, succeeded: succeeds(family), at: now)
    }

    package mutating func notePassEnded(_ pass: EndedPass, of passes: FamilyPasses) {
        let report = pass.report
        let family = report.family
        if report.mode == .verify {
            // Passes of changes meanwhile have ended what health knew of the verifying pass.
            health.notePassStarted(family, at: pass.began)
        }
        if !report.failures.isEmpty {
            broken.insert(family)
        } else if report.mode == .verify {
            // Only a verifying pass tries everything again, so no other one can say that a failure is over.
            broken.remove(family)
        }
        if report.refusalsAreOfNode { refusedByNode.insert(family) } else { refusedByNode.remove(family) }
        health.noteRefused(family, report.standing.count)
        let succeeded = succeeds(family)
        finish(family, succeeded: succeeded, isWhole: pass.isWhole, at: pass.ended)

        if let sweep = report.conntrack {
            metrics.kubeProxy.noteConntrackSweep(family, took: sweep.duration, deleted: sweep.deleted)
        }
        metrics.passes.note(report)
        metrics.passes.noteSizes(family, passes.reconciler.sizes)
        metrics.kubeProxy.notePass(family, took: pass.took, isDone: succeeded, at: calendar())
        if let statistics = report.statistics {
            let (samples, hidden) = counters.select(from: statistics, family) { id in
                passes.reconciler.desired.owner(of: id)?.description ?? ""
            }
            metrics.traffic.replace(family, samples, hiddenCount: hidden)
        }
    }

    /// The rules of a family have been looked at, beside its passes.
    package mutating func noteRules(_ report: PassReport, at now: ContinuousClock.Instant) {
        let family = report.family
        metrics.passes.note(report)
        if report.failures.isEmpty {
            guard brokenRules.remove(family) != nil, succeeds(family) else { return }
            // What has waited since the failure waits no longer.
            health.notePassStarted(family, at: now)
            finish(family, succeeded: true, at: now)
        } else {
            brokenRules.insert(family)
            metrics.kubeProxy.noteRulesFailure(family)
            // Health counts from here on.
            health.noteChange(family, at: now)
        }
    }

    /// Whether the kernel has what is wanted of a family, but for objects that it refuses one by one.
    ///
    /// One Service that the kernel cannot serve, as by a scheduler that it lacks, must not take the whole node out of every
    /// load balancer. Refusals for lack of memory or permission are the node's, and count.
    private func succeeds(_ family: IPFamily) -> Bool {
        !broken.contains(family) && !brokenRules.contains(family) && !refusedByNode.contains(family)
    }

    /// - Parameter isWhole: whether nothing is left for a further part: only then the changes are in the kernel.
    private mutating func finish(
        _ family: IPFamily,
        succeeded: Bool,
        isWhole: Bool = true,
        at now: ContinuousClock.Instant
    ) {
        health.notePassEnded(family, succeeded: succeeded, at: now)
        for duration in latency.notePassEnded(family, succeeded: succeeded && isWhole, at: calendar()) {
            metrics.kubeProxy.noteProgrammed(family, after: duration)
        }
    }
}
