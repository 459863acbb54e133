// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import KubernetesObjects
public import Reconcile
import Synchronization

/// The daemon's status, written by the tasks that do the work and read for each question. So an answer waits for no
/// pass, and costs the same whatever the size of the cluster.
///
/// It has no clock: the instants are arguments.
public final class StatusBoard: Sendable {
    public typealias Instant = ContinuousClock.Instant

    private struct Family: Sendable {
        var status: FamilyStatus
        var lastComplete: Instant?
        var lastPass: (mode: PassMode, ended: Instant, took: Duration)?
        /// Those of rules and those of passes apart: each report ends its own.
        var failures: [Bool: [DataplaneError: Instant]] = [:]
        var drift = DriftHistory()
    }

    private struct State: Sendable {
        var families: [Family]
        var watches: [String: Watch] = [:]
        var rejected = RejectedObjects()
        var settings: [UnwrittenSetting] = []
        var dryRun: DryRunStatus?
    }

    private let state: Mutex<State>
    private let start: Instant

    public init(families: [IPFamily], start: Instant) {
        state = Mutex(State(families: families.map { Family(status: FamilyStatus($0)) }))
        self.start = start
    }

    // MARK: Writing

    /// A pass has ended, or rules have been kept beside the passes.
    ///
    /// - Parameter sizes: as they are now; `nil` where they are as before.
    public func note(_ report: PassReport, sizes: FamilySizes?, took duration: Duration, at now: Instant) {
        change(report.family) { family in
            let isOfRules = report.mode == .rules
            var failures = report.mode == .changes ? family.failures[isOfRules] ?? [:] : [:]
            for failure in report.failures {
                failures[failure] = family.failures[isOfRules]?[failure] ?? now
            }
            family.failures[isOfRules] = failures
            family.drift.note(report.drift, report.driftNames, at: now)
            guard !isOfRules else { return }
            family.lastPass = (report.mode, now, duration)
            if report.mode == .verify, report.isComplete { family.lastComplete = now }
            family.status.draining = report.draining
            family.status.refusedCount = report.standing.count
            family.status.refused = report.standing.isEmpty ? [] : Self.refused(report.standing)
            if let sizes { family.status.take(sizes) }
        }
    }

    /// Something has come of what is followed at the source.
    ///
    /// - Parameter state: `nil` where that is as before: objects have come.
    public func noteWatch(_ resource: String, _ new: WatchStatus.State?, error: String? = nil, at now: Instant) {
        state.withLock { $0.watches[resource, default: Watch()].note(new, error: error, at: now) }
    }

    /// What could not be used of objects, where that is another than before.
    ///
    /// - Parameter settled: objects that had rejections and have none any more.
    public func note(_ rejections: [Rejection], settled: [ObjectName] = [], kind: String = "", at now: Instant) {
        guard !rejections.isEmpty || !settled.isEmpty else { return }
        state.withLock { state in
            for name in settled { state.rejected.remove(kind, name) }
            for rejection in rejections { state.rejected.note(rejection, at: now) }
        }
    }

    /// - Parameter settings: all that are not as they should be and cannot be written.
    public func note(_ settings: [DegradedSetting]) {
        let unwritten = settings.map { UnwrittenSetting(setting: "\($0.setting)", error: "\($0.failure)") }
        state.withLock { $0.settings = unwritten }
    }

    /// What a dry run finds.
    public func note(_ differences: KernelDifferences) {
        let status = DryRunStatus(
            differences: differences.count, names: Array(differences.names.prefix(StatusReport.mostNamed)))
        state.withLock { $0.dryRun = status }
    }

    private func change(_ family: IPFamily, _ body: (inout sending Family) -> Void) {
        state.withLock { state in
            guard let index = state.families.firstIndex(where: { $0.status.family == family }) else { return }
            body(&state.families[index])
        }
    }

    /// Some of them, by name.
    private static func refused(_ objects: RefusedObjects) -> [FamilyStatus.Refused] {
        objects.refusals.prefix(StatusReport.mostNamed)
            .map { FamilyStatus.Refused(attempt: $0.attempt, error: "\($0.error)") }
            .sorted { $0.attempt < $1.attempt }
    }

    // MARK: Reading

    /// - Parameters:
    ///   - empty: with what does not change.
    ///   - healthy: the families that health has as healthy.
    public func report(
        into empty: StatusReport,
        healthy: Set<IPFamily>,
        at now: Instant
    ) -> StatusReport {
        var report = empty
        report.uptime = Self.age(start, now)
        state.withLock { state in
            for family in state.families {
                report.families.append(Self.status(family, healthy.contains(family.status.family), now))
                report.repaired += family.drift.repaired(at: now)
            }
            report.watches = state.watches.sorted { $0.key < $1.key }.map { $1.status($0, at: now) }
            report.rejected = state.rejected.newest(at: now)
            report.rejectedCount = state.rejected.count
            report.settings = state.settings
            report.dryRun = state.dryRun
        }
        report.repaired = Array(report.repaired.sorted { $0.age < $1.age }.prefix(StatusReport.mostNamed))
        return report
    }

    private static func status(_ family: Family, _ isHealthy: Bool, _ now: Instant) -> FamilyStatus {
        var status = family.status
        status.isHealthy = isHealthy
        status.lastCompletePass = family.lastComplete.map { age($0, now) }
        status.lastPass = family.lastPass.map {
            FamilyStatus.Pass(
                mode: "\($0.mode)", age: age($0.ended, now), milliseconds: Int64($0.took / .milliseconds(1)))
        }
        status.failures = family.failures.values.joined().map { error, since in
            FamilyStatus.Failure(part: error.part.rawValue, error: "\(error)", age: age(since, now))
        }.sorted { ($0.part, $0.error) < ($1.part, $1.error) }
        status.drift = family.drift.counts(at: now)
        return status
    }

    private static func age(_ instant: Instant, _ now: Instant) -> Int64 {
        max(0, instant.duration(to: now).components.seconds)
    }
}

extension FamilyStatus {
    fileprivate mutating func take(_ sizes: FamilySizes) {
        virtualServers = sizes.virtualServers
        contestedServers = sizes.contestedServers
        realServers = sizes.realServers
        sets = sizes.sets.map { SetFill(name: $0.name, entries: $0.members, capacity: $0.capacity) }
    }
}

/// What is followed at the source, as it stands.
private struct Watch: Sendable {
    typealias Instant = ContinuousClock.Instant

    var state = WatchStatus.State.listing
    var lastEvent: Instant?
    var failedSince: Instant?
    var error: String?

    mutating func note(_ new: WatchStatus.State?, error: String?, at now: Instant) {
        if new == .failed {
            if state != .failed || failedSince == nil { failedSince = now }
            self.error = error
        } else {
            lastEvent = now
        }
        guard let new else { return }
        state = new
        guard new == .watching else { return }
        failedSince = nil
        self.error = nil
    }

    func status(_ resource: String, at now: Instant) -> WatchStatus {
        var status = WatchStatus(resource: resource, state: state)
        status.lastEvent = lastEvent.map { max(0, $0.duration(to: now).components.seconds) }
        status.failedSince = failedSince.map { max(0, $0.duration(to: now).components.seconds) }
        status.error = error
        return status
    }
}
