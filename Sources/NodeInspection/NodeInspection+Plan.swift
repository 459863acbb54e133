// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import DataplaneModel
import KubeProxyConfig
import NodeStartup
import NodeSync
public import Reconcile

/// What `plan` asks.
extension NodeInspection {
    /// Rehearses the first pass of a daemon.
    ///
    /// - Parameter note: called with each line that would be written, as soon as it is known.
    /// - Returns: what could not even be read, so that nothing is known of its changes.
    /// - Throws: `StartError` when the kernel cannot be read at all.
    public func rehearse(_ note: @escaping (RehearsedChange) -> Void) async throws -> [String] {
        try await rehearse(seeing: nil, note)
    }

    /// - Parameter wanted: what the pass is to see of the kernel; `nil` for everything.
    func rehearse(
        seeing wanted: Set<RehearsedChange.Subject>?,
        _ note: @escaping (RehearsedChange) -> Void
    ) async throws -> [String] {
        var dataplane = try await Self.kernel()
        if let wanted { dataplane = dataplane.showing(wanted.contains) }
        return await rehearse(over: dataplane, Self.settingsKeeper(settings), note)
    }

    /// This network namespace's data plane, but for tracked flows.
    ///
    /// - Throws: `StartError` when the kernel cannot be read at all.
    static func kernel() async throws(StartError) -> Dataplane {
        guard !KernelModule.isAbsent("ip_vs") else {
            throw StartError("ip_vs is not loaded, and reading IPVS would load it: `modprobe ip_vs` first")
        }
        do throws(DataplaneError) {
            return Dataplane(
                ipvs: try KernelIPVS(),
                sets: KernelIPSet(),
                addresses: try KernelAddresses(),
                rules: try await KernelIPTables.open(),
                settings: KernelSettings()
            )
        } catch {
            throw StartError("\(error)")
        }
    }

    static func settingsKeeper(_ settings: EffectiveSettings) -> SettingsKeeper {
        let plan = NodeSettingsPlan(settings, kernel: HostFacts.kernelVersion, processors: HostFacts.processors)
        return SettingsKeeper(plan.settings)
    }

    func rehearse(
        over dataplane: Dataplane,
        _ settingsKeeper: SettingsKeeper,
        _ note: @escaping (RehearsedChange) -> Void
    ) async -> [String] {
        let rehearsal = Rehearsal(of: dataplane, note: note)
        let reports = PassReports()
        for family in families {
            // One after the other: what a family wants, and what the kernel has of it, is most of the memory that this takes. The
            // settings are the first one's.
            let keeper = family == families.first ? settingsKeeper : SettingsKeeper([])
            await nodeReconciler(of: [family], keeping: keeper).settle(on: rehearsal.dataplane, telling: reports)
        }
        let failures = reports.all.flatMap { $0.failures + ($0.degradedSettings ?? []).map(\.failure) }
        return failures.map(\.description)
    }
}

/// How many changes of which kind there are.
public struct ChangeCount: Hashable, Sendable, CustomStringConvertible {
    public private(set) var counts: [RehearsedChange.Kind: Int] = [:]

    public init() {}

    public mutating func add(_ change: RehearsedChange) {
        guard change.kind.counts else { return }
        counts[change.kind, default: 0] += 1
    }

    public var total: Int { counts.values.reduce(0, +) }

    /// Such as `31 changes: 3 virtual servers, 28 real servers`.
    public var description: String {
        let parts = RehearsedChange.Kind.allCases.compactMap { kind in
            counts[kind].map { "\($0) \($0 == 1 ? kind.word : kind.words)" }
        }
        guard !parts.isEmpty else { return "no changes" }
        return "\(total) \(total == 1 ? "change" : "changes"): \(parts.joined(separator: ", "))"
    }
}

extension RehearsedChange.Kind {
    fileprivate var word: String {
        switch self {
        case .setting: "setting"
        case .link: "link"
        case .set: "set"
        case .setEntry: "set entry"
        case .rule: "rule"
        case .ruleInput: "line of rules"
        case .virtualServer: "virtual server"
        case .realServer: "real server"
        case .address: "address"
        case .route: "route"
        }
    }

    fileprivate var words: String {
        switch self {
        case .setEntry: "set entries"
        case .ruleInput: "lines of rules"
        case .address: "addresses"
        case .setting, .link, .set, .rule, .virtualServer, .realServer, .route: word + "s"
        }
    }
}
