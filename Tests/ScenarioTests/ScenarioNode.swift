import Addressing
import DataplaneModel
import KubeProxyConfig
import KubernetesObjects
import Reconcile
import ServicePlan

@testable import ProxyService

/// The daemon's pure parts over a data plane, with a clock that the scenario turns.
struct ScenarioNode {
    typealias Instant = ContinuousClock.Instant

    private let dataplane: Dataplane
    private let settings: EffectiveSettings
    private var table: ServiceTable
    private var statuses = ServiceStatusTable()
    private var families: [(reconciler: FamilyReconciler<ServicePortID>, schedule: SyncSchedule<Instant>)]
    private(set) var now: Instant
    /// What the daemon would tell of, each as a line.
    private(set) var told: [String] = []

    /// The node of a scenario has both families.
    init(
        _ settings: EffectiveSettings,
        node: Node?,
        interfaces: Set<IPAddress>,
        on dataplane: Dataplane,
        at now: Instant
    ) {
        self.dataplane = dataplane
        self.settings = settings
        self.now = now
        table = ServiceTable(
            facts: NodeFacts(settings, node: node, interfaceAddresses: interfaces),
            configuration: settings.plan,
            families: Set(IPFamily.allCases)
        )
        families = IPFamily.allCases.map { family in
            let reconciler = FamilyReconciler<ServicePortID>(
                family: family,
                excludedNetworks: settings.excludedNetworks,
                ruleConfiguration: settings.rules(for: family, podNetworks: node?.podCIDRs ?? []),
                gracefulTimeout: ServiceProxy.defaultGracefulTimeout
            )
            let schedule = SyncSchedule(minimum: settings.minSyncPeriod, period: settings.syncPeriod, now: now)
            return (reconciler, schedule)
        }
    }

    mutating func apply(_ updates: [ObjectUpdate]) {
        table.apply(updates)
        noteChange()
    }

    /// Takes over what has become of the node.
    mutating func replace(node: Node?, interfaces: Set<IPAddress>) {
        table.replaceNodeFacts(NodeFacts(settings, node: node, interfaceAddresses: interfaces))
        for index in families.indices {
            let rules = settings.rules(for: families[index].reconciler.family, podNetworks: node?.podCIDRs ?? [])
            families[index].reconciler.replaceRuleConfiguration(rules)
        }
        noteChange()
    }

    private mutating func noteChange() {
        for index in families.indices { families[index].schedule.noteChange(at: now) }
    }

    /// Makes the passes that are due.
    mutating func settle() async {
        plan()
        for index in families.indices where families[index].schedule.nextVerify <= now {
            families[index].schedule.verifyStarted()
            await pass(.verify, index)
        }
        for index in families.indices where nextChanges(index).map({ $0 <= now }) ?? false {
            await pass(.changes, index)
        }
    }

    /// Lets time pass, and makes the passes that fall due meanwhile.
    mutating func wait(_ duration: Duration) async {
        let end = now.advanced(by: duration)
        while let next = families.indices.compactMap(nextPass).min(), next <= end {
            now = max(now, next)
            await settle()
        }
        now = end
    }

    private func nextChanges(_ index: Int) -> Instant? {
        let (reconciler, schedule) = families[index]
        return [
            schedule.nextChanges, reconciler.nextDrainPoll, reconciler.nextRetry.map(schedule.notBefore),
            reconciler.nextRules(at: now),
        ].compactMap(\.self).min()
    }

    private func nextPass(_ index: Int) -> Instant? {
        [families[index].schedule.nextVerify, nextChanges(index)].compactMap(\.self).min()
    }

    private mutating func plan() {
        var planned: [(id: ServicePortID, family: IPFamily, contribution: Contribution, found: PlanObservations)] = []
        table.planDirty(in: IPFamily.allCases) { planned.append(($0, $1, $2, $3)) }
        for (id, family, contribution, found) in planned {
            statuses.record(found, of: id, in: family)
            told += found.omissions.map { "\(id) (\(family)) does not get \($0.rawValue)" }
            told += found.concerns.map { "\(id) (\(family)): \($0)" }
            for index in families.indices where families[index].reconciler.family == family {
                families[index].reconciler.replaceContribution(of: id, with: contribution)
            }
        }
    }

    private mutating func pass(_ mode: PassMode, _ index: Int) async {
        families[index].schedule.changesTaken()
        let report = await families[index].reconciler.pass(mode, at: now, on: dataplane)
        let hasFailed = !report.failures.isEmpty || report.contradictsMirror
        families[index].schedule.passEnded(mode, hasFailed: hasFailed, at: now)
        let drift = report.drift.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        if !drift.isEmpty { told.append("repaired (\(report.family)): \(drift.joined(separator: ", "))") }
        told += report.refusals.map { "the kernel refuses to \($0.attempt): \($0.error)" }
        told += report.failures.map { "failed (\(report.family)): \($0)" }
        told += families[index].reconciler.takeChangedContests().compactMap(Self.line)
    }

    private static func line(about contest: Contest<ServicePortID>) -> String? {
        guard let holder = contest.holder, !contest.others.isEmpty else { return nil }
        let others = contest.others.map(\.words).joined(separator: ", ")
        return "\(contest.id) goes to \(holder.words), and not to \(others)"
    }

    /// What has been told since this was last asked, each line once.
    mutating func takeTold() -> [String] {
        defer { told = [] }
        var known: Set<String> = []
        return told.filter { known.insert($0).inserted }
    }

    /// The health-check node ports with what they answer.
    var healthChecks: [String] {
        IPFamily.allCases.flatMap { family in
            statuses.healthChecks(family).sorted { $0.key < $1.key }.map { name, check in
                let count = check.localReadyAddresses.count
                return "\(check.port) of \(name) (\(family)): \(count == 0 ? 503 : 200), ready endpoints here: \(count)"
            }
        }
    }
}
