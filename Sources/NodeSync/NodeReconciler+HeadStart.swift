// SPDX-License-Identifier: GPL-2.0-or-later
public import Reconcile

/// Work that needs no objects, for the time while they are on their way.
extension NodeReconciler {
    /// Makes a step before it is known what is wanted: sets that are missing, rules that hold for all Services, a part of the
    /// reading of virtual servers. It removes nothing. The first call of `step` goes on from there.
    ///
    /// - Parameter writesRules: whether what rules depend on is known.
    public func getAhead(on dataplane: Dataplane, writesRules: Bool) -> Step {
        takeRulesAhead()
        let now = clock.now
        let listing = headStartListing ?? VirtualServerListing(keepsStatistics: wantsStatistics)
        headStartListing = listing
        let family = families.first { !$0.reconciler.isAhead }
        family?.reconciler.getAhead(sharing: listing, at: now, on: dataplane)
        var rules: [RulesWork] = []
        if writesRules {
            for family in families {
                if let configuration = ruleConfigurations[family.family] {
                    family.reconciler.replaceRuleConfiguration(configuration)
                }
                if let work = family.reconciler.beginRulesAhead(at: now) { rules.append(work) }
            }
        }
        return Step(rules: rules, next: family == nil ? .whenTold : .atOnce)
    }

    private var wantsStatistics: Bool { families.first?.reconciler.collectsStatistics ?? false }

    private func takeRulesAhead() {
        for family in families {
            guard let (work, _) = family.keptRules.take() else { continue }
            _ = family.reconciler.endRules(work, at: clock.now)
        }
    }
}
