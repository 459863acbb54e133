// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneKernel
import DataplaneModel
import NodeStartup
import Reconcile

/// Removes from the kernel what this daemon, or kube-proxy in IPVS mode, has put there, and nothing else.
///
/// Traffic is stopped first: the link with the virtual IPs and their local routes go. Then the virtual servers, the rules and the sets
/// go. A part
/// that fails does not stop the others. What is not there any more needs no removing, so a second run finishes what a first
/// one could not.
public struct NodeCleanup {
    private var ownership: VirtualServerOwnership
    private let isRehearsal: Bool
    private var report: CleanupReport
    private let hasIPSet = !KernelModule.isAbsent("ip_set")

    /// - Parameters:
    ///   - networks: virtual servers in them belong to other programs (`ipvs.excludeCIDRs`).
    ///   - isRehearsal: whether everything is found and nothing removed.
    public static func run(excluding networks: [IPPrefix], isRehearsal: Bool = false) async -> CleanupReport {
        var cleanup = NodeCleanup(VirtualServerOwnership(excludedNetworks: networks), isRehearsal: isRehearsal)
        let sets = KernelIPSet()
        cleanup.readNodeAddresses()
        cleanup.readSets(sets)
        cleanup.removeLink()
        cleanup.removeRoutes()
        let serversAreGone = cleanup.removeVirtualServers()
        await cleanup.removeRules()
        if serversAreGone {
            cleanup.removeSets(sets)
        } else {
            cleanup.report.notes.append("the sets stay: they tell which virtual servers are to be removed")
        }
        return cleanup.report
    }

    /// Whether this process has the capability that every part needs, `CAP_NET_ADMIN`.
    public static var isPermitted: Bool { Capability.netAdmin.isEffective }

    private init(_ ownership: VirtualServerOwnership, isRehearsal: Bool) {
        self.ownership = ownership
        self.isRehearsal = isRehearsal
        report = CleanupReport(isRehearsal: isRehearsal)
    }

    /// Does a part, and notes its failure.
    ///
    /// - Returns: whether it succeeded.
    @discardableResult
    private mutating func attempt(_ part: (inout Self) throws(DataplaneError) -> Void) -> Bool {
        do throws(DataplaneError) {
            try part(&self)
            return true
        } catch {
            // One sentence for a part, not one for each of its objects.
            if !report.failures.contains(where: { $0.part == error.part && $0.explanation == error.explanation }) {
                report.failures.append(error)
            }
            return false
        }
    }

    // MARK: What tells ours from others

    private mutating func readNodeAddresses() {
        attempt { (cleanup) throws(DataplaneError) in
            try cleanup.ownership.readNodeAddresses()
        }
    }

    private mutating func readSets(_ sets: KernelIPSet) {
        guard hasIPSet else { return }
        for family in IPFamily.allCases {
            for set in VirtualServerOwnership.tellingSets {
                attempt { (cleanup) throws(DataplaneError) in
                    try cleanup.ownership.read(set, of: family, from: sets)
                }
            }
        }
    }

    // MARK: Removing

    private mutating func removeLink() {
        attempt { (cleanup) throws(DataplaneError) in
            let addresses = try KernelAddresses()
            switch try addresses.linkState() {
            case .missing: return
            case .foreign(let kind):
                let what = kind.isEmpty ? "hardware" : "of kind \(kind)"
                cleanup.report.notes.append("left alone: the link \(DummyLink.name), which is \(what) and not a dummy")
            case .dummy:
                var bound: Set<IPAddress> = []
                for family in IPFamily.allCases {
                    bound.formUnion(try addresses.boundAddresses(of: family))
                }
                cleanup.ownership.boundAddresses.formUnion(bound)
                let isRemoved = cleanup.isRehearsal ? true : try addresses.removeLink()
                if isRemoved {
                    cleanup.report.count(.link)
                    cleanup.report.count(.address, bound.count)
                }
            }
        }
    }

    /// In both ways of `--virtual-ips`: a change from one to the other may have been broken off.
    private mutating func removeRoutes() {
        for family in IPFamily.allCases {
            attempt { (cleanup) throws(DataplaneError) in
                let addresses = try KernelAddresses()
                let routes = try addresses.localRoutes(of: family)
                cleanup.ownership.note(routes)
                cleanup.report.count(
                    .route, cleanup.isRehearsal ? routes.count : try addresses.removeRoutes(of: family))
            }
        }
    }

    /// - Returns: whether none of ours is left.
    private mutating func removeVirtualServers() -> Bool {
        // Opening IPVS would load it.
        guard !KernelModule.isAbsent("ip_vs") else { return true }
        return attempt { (cleanup) throws(DataplaneError) in
            let ipvs = try KernelIPVS()
            var changes: [IPVSChange] = []
            for family in IPFamily.allCases {
                try ipvs.forEachVirtualServer(of: family) { server in
                    // Those for firewall marks are nobody's of ours.
                    guard case .address(let id) = server.identity, cleanup.ownership.owns(id) else { return }
                    changes.append(.removeVirtualServer(id))
                }
            }
            guard !cleanup.isRehearsal else {
                for case .removeVirtualServer(let id) in changes {
                    cleanup.report.rehearse(.virtualServer, "\(id)")
                }
                return
            }
            let refused = try ipvs.apply(changes)
            cleanup.report.count(.virtualServer, changes.count - refused.count)
            if let first = refused.first {
                var error = first.error
                if refused.count > 1 { error.explanation += ", and \(refused.count - 1) more" }
                throw error
            }
        }
    }

    /// In both variants of iptables: rules in one are not seen by the programs of the other, and a node may have been moved.
    private mutating func removeRules() async {
        var hasPrograms = false
        for variant in IPTablesVariant.allCases {
            hasPrograms = await removeRules(of: variant) || hasPrograms
        }
        if !hasPrograms {
            // Before iptables 1.8 there are no programs with a variant in their names.
            _ = await removeRules(of: nil)
        }
    }

    /// - Returns: whether the variant's programs are installed.
    private mutating func removeRules(of variant: IPTablesVariant?) async -> Bool {
        let rules: KernelIPTables
        do throws(DataplaneError) {
            rules = try await KernelIPTables.open(variant: variant)
        } catch {
            guard variant != nil, error.meansNoRules else {
                report.failures.append(error)
                return true
            }
            return false
        }
        for family in IPFamily.allCases {
            do throws(DataplaneError) {
                let removal = RulesRemoval(from: InstalledRules(try await rules.save(family)))
                guard let input = removal.input else { continue }
                var kept = removal.keptChains
                if !isRehearsal {
                    do throws(DataplaneError) {
                        try await rules.restore(input, family)
                    } catch {
                        kept += try await removeStepwise(removal.steps, family, rules)
                    }
                }
                report.count(.jump, removal.jumps)
                report.count(.chain, removal.chains + removal.keptChains.count - kept.count)
                report.notes += kept.map {
                    "\(isRehearsal ? "would be kept" : "kept"), but emptied: the chain \($0.name) (\($0.table.rawValue), \(family)), to which rules of others lead"
                }
            } catch {
                // The programs of one family may be missing.
                if !error.meansNoRules { report.failures.append(error) }
            }
        }
        return true
    }

    /// - Returns: the chains that nobody can delete, because something leads to them that was not seen.
    private func removeStepwise(
        _ steps: RulesRemoval.Steps,
        _ family: IPFamily,
        _ rules: KernelIPTables
    ) async throws(DataplaneError) -> [ServiceChain] {
        if let emptying = steps.emptying { try await rules.restore(emptying, family) }
        var kept: [ServiceChain] = []
        for deletion in steps.deletions {
            do throws(DataplaneError) {
                try await rules.restore(deletion.input, family)
            } catch {
                kept.append(deletion.chain)
            }
        }
        return kept
    }

    private mutating func removeSets(_ sets: KernelIPSet) {
        guard hasIPSet else { return }
        for family in IPFamily.allCases {
            for set in ServiceSet.allCases {
                for name in [set.name(for: family), set.replacementName(for: family)] {
                    attempt { (cleanup) throws(DataplaneError) in
                        if cleanup.isRehearsal {
                            if try sets.definition(ofSetNamed: name) != nil { cleanup.report.rehearse(.set, name) }
                        } else if try sets.destroyIfPresent(name) {
                            cleanup.report.count(.set)
                        }
                    }
                }
            }
        }
    }
}
