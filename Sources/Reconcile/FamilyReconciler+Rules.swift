// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// Rules are kept beside the passes, with a back-off of their own. An iptables program that waits for a lock, or hangs,
/// delays no virtual server. The one exception is the replacement of a set of another kind under our rules.
///
/// Their order counts once: the first verifying pass binds no address before the rules are there, or have failed.
extension FamilyReconciler {
    /// When the rules are to be looked at; an instant that has gone by means at once, `nil` that nothing calls for it.
    public func nextRules(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        // Rules refer to sets: none is written before the first verifying pass has made those.
        let hasSets = hasEndedVerifying || verification.stage.map { $0 > .rules } ?? false
        guard touched.rules, !rulesAreUnderWay, hasSets else { return nil }
        return rulesBackoff.retry ?? now
    }

    /// Hands out the work of keeping the rules as they are wanted now. `endRules` takes it back.
    ///
    /// - Returns: `nil` where there is none to do at that instant.
    public mutating func beginRules(at now: ContinuousClock.Instant) -> RulesWork? {
        guard let next = nextRules(at: now), next <= now else { return nil }
        // What is wanted from here on is noted anew.
        touched.rules = false
        rulesAreUnderWay = true
        rules.mayFindRoutes = !hasMadeVirtualIPs
        return RulesWork(rules, closedServers: desired.serversClosedToNode, at: now)
    }

    /// Takes back what `beginRules` handed out. Rules that failed are tried again, after a growing delay.
    public mutating func endRules(_ work: RulesWork, at now: ContinuousClock.Instant) -> PassReport {
        var report = PassReport(family: family, mode: .rules)
        guard !work.isAhead else {
            endRulesAhead(work)
            return report
        }
        takeRules(work.keeper)
        switch work.result {
        case .success(.unchanged)?: break
        case .success(.written)?: report.count(.rules)
        case .success(.repaired)?:
            report.count(.rules)
            report.countDrift(.rules, CollectionOfOne(family)) { "rules of \($0)" }
        case .failure(let error)?:
            report.failures.append(error)
        case nil:
            touched.rules = true
            return report
        }
        if report.failures.isEmpty {
            // Of jumps before which another program keeps putting its rules.
            report.newlyContested = rules.displaced.takeNews()
            report.contestedJumps = rules.displaced.contestedCount
            rulesBackoff.end()
            noteEndOfRoutes()
        } else {
            touched.rules = true
            // The program has waited for the lock already, and the program that holds it may let go of it at any time.
            if report.failures.allSatisfy(\.isRulesLockHeld) { rulesBackoff.end() }
            rulesBackoff.noteFailure(at: now)
        }
        hasTriedRules = true
        return report
    }

    /// Notes that rules for virtual IPs that are routes are to be replaced, once a verifying pass has made those addresses.
    mutating func noteEndOfRoutes() {
        if hasMadeVirtualIPs, rules.areForRoutes { touched.rules = true }
    }

    mutating func takeRules(_ keeper: RuleKeeper) {
        rulesAreUnderWay = false
        // It may be another one by now.
        let configuration = rules.configuration
        rules = keeper
        rules.configuration = configuration
    }

    /// Whether the first verifying pass can go no further before the rules have been written, or have failed.
    public var isWaitingForRules: Bool { !hasTriedRules && verification.stage == .addresses }

    /// Notes rules that may not be in place as to be looked at.
    mutating func verifyRules(on dataplane: any RulesDataplane) {
        // The first pass has them looked at in any case, which reports them. That starts no program where they are in place.
        guard !hasTriedRules || !rules.areKnownInPlace(closedServers: desired.serversClosedToNode, on: dataplane)
        else { return }
        touched.rules = true
        // As all that was refused: this pass may have mended the reason, such as a set that was gone.
        rulesBackoff.waive()
    }

    /// Keeps the rules in one go, if that is due.
    public mutating func keepRules(
        at now: ContinuousClock.Instant,
        on dataplane: any RulesDataplane
    ) async -> PassReport? {
        guard var work = beginRules(at: now) else { return nil }
        await work.run(on: dataplane)
        return endRules(work, at: now)
    }
}
