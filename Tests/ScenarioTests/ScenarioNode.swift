// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan

@testable import NodeStartup

/// The daemon's loop over a data plane, with a clock that the scenario turns.
struct ScenarioNode {
    private let dataplane: Dataplane
    private let settings: EffectiveSettings
    private let reconciler: NodeReconciler
    private let clock: ManualClock
    private let story = Story()

    /// The node of a scenario has both families.
    init(
        _ settings: EffectiveSettings,
        node: Node?,
        interfaces: Set<IPAddress>,
        on dataplane: Dataplane,
        at now: ContinuousClock.Instant
    ) {
        self.dataplane = dataplane
        self.settings = settings
        clock = ManualClock(at: now)
        let table = ServiceTable(
            facts: NodeFacts(settings, node: node, interfaceAddresses: interfaces),
            configuration: settings.plan,
            families: Set(IPFamily.allCases)
        )
        reconciler = NodeReconciler(
            table,
            settings.sync(IPFamily.allCases, gracefulTimeout: SyncSettings.defaultGracefulTimeout),
            clock: clock
        ) { settings.rules(for: $0, podNetworks: node?.podCIDRs ?? []) }
    }

    var now: ContinuousClock.Instant { clock.now }

    func apply(_ updates: [ObjectUpdate]) {
        reconciler.apply(updates)
    }

    /// Takes over what has become of the node.
    func replace(node: Node?, interfaces: Set<IPAddress>) {
        reconciler.replaceNodeFacts(NodeFacts(settings, node: node, interfaceAddresses: interfaces))
        for family in IPFamily.allCases {
            reconciler.replaceRuleConfiguration(
                settings.rules(for: family, podNetworks: node?.podCIDRs ?? []), of: family)
        }
    }

    /// Makes the passes that are due.
    func settle() async {
        await reconciler.settle(on: dataplane, telling: story)
    }

    /// Lets time pass, and makes the passes that fall due meanwhile.
    func wait(_ duration: Duration) async {
        let end = now.advanced(by: duration)
        while let next = await reconciler.settle(on: dataplane, telling: story), next <= end {
            clock.advance(to: next)
        }
        clock.advance(to: end)
    }

    /// What has been told since this was last asked, each line once.
    func takeTold() -> [String] { story.takeLines() }

    /// The health-check node ports with what they answer.
    var healthChecks: [String] { story.healthChecks }
}

/// What the daemon would tell of, each as a line.
private final class Story: PassObserver {
    private var lines: [String] = []
    private var statuses = ServiceStatusTable()

    func planned(_ id: ServicePortID, _ family: IPFamily, _ observations: PlanObservations) {
        statuses.record(observations, of: id, in: family)
        lines += observations.settingRefusals.map { "\(id.service): \($0)" }
        lines += observations.omissions.filter { $0 != .setting }.map {
            "\(id) (\(family)) does not get \($0.rawValue)"
        }
        lines += observations.concerns.map { "\(id) (\(family)): \($0)" }
    }

    func passEnded(_ pass: EndedPass, of family: FamilyPasses) {
        note(pass.report)
        lines += pass.contests.compactMap(Self.line)
    }

    func rulesKept(_ report: PassReport, took duration: Duration, at now: Instant) {
        note(report)
    }

    private func note(_ report: PassReport) {
        let drift = report.drift.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        if !drift.isEmpty { lines.append("repaired (\(report.family)): \(drift.joined(separator: ", "))") }
        lines += report.refusals.map { "the kernel refuses to \($0.attempt): \($0.error)" }
        lines += report.failures.map { "failed (\(report.family)): \($0)" }
    }

    private static func line(about contest: Contest<ServicePortID>) -> String? {
        guard let holder = contest.holder, !contest.others.isEmpty else { return nil }
        let others = contest.others.map(\.words).joined(separator: ", ")
        return "\(contest.id) goes to \(holder.words), and not to \(others)"
    }

    func takeLines() -> [String] {
        defer { lines = [] }
        var known: Set<String> = []
        return lines.filter { known.insert($0).inserted }
    }

    var healthChecks: [String] {
        IPFamily.allCases.flatMap { family in
            statuses.healthChecks(family).sorted { $0.key < $1.key }.map { name, check in
                let count = check.localReadyAddresses.count
                return "\(check.port) of \(name) (\(family)): \(count == 0 ? 503 : 200), ready endpoints here: \(count)"
            }
        }
    }
}
