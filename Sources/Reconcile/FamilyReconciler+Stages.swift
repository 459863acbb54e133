// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// The stages of every pass, in their order.
///
/// A virtual IP must not attract traffic before it can be served. So what makes it work is written first, and its
/// address last. What is no longer wanted is removed in the reverse order.
enum PassStage: Comparable, CaseIterable {
    case sets
    /// Rules refer to sets. They are kept beside the passes; a verifying pass checks whether they may have changed.
    case rules
    /// With their real servers.
    case virtualServers
    case addresses
    /// Objects that are no longer wanted: addresses first, since they attract traffic.
    case removals
    /// Tracked flows: from time to time a verifying pass looks through all of them.
    case flows

    var next: PassStage? { Self.allCases.first { $0 > self } }
}

extension FamilyReconciler {
    /// Writes what belongs to a stage and has changed.
    mutating func write(
        _ stage: PassStage,
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane,
        _ report: inout PassReport
    ) {
        switch stage {
        case .sets:
            sets.addWanted(desired, at: now, on: dataplane.sets, &report)
        case .virtualServers:
            servers.writeWanted(desired, at: now, on: dataplane.ipvs, &report)
        case .addresses:
            addresses.readIfSuspect(desired, on: dataplane.addresses, &report)
            let unserved = servers.unservedAddresses
            addresses.bindWanted(desired, butFor: unserved, at: now, on: dataplane.addresses, &report)
        case .removals:
            removeUnwanted(at: now, on: dataplane, &report)
        case .rules, .flows:
            break
        }
    }

    /// Goes one step further in verifying what belongs to a stage.
    ///
    /// - Returns: whether there is more to do in it.
    mutating func verifyNext(
        _ stage: PassStage,
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) async -> Bool {
        switch stage {
        case .sets:
            let rulesAreFree = rulesBackoff.retry == nil && !rulesAreUnderWay
            do throws(DataplaneError) {
                try await sets.verifyNext(
                    desired, at: now, on: dataplane, rulesAreFree: rulesAreFree, &verification.report)
            } catch {
                verification.noteUnread(error)
            }
            if sets.takeTouchedRules() { touched.rules = true }
            return sets.isVerifying
        case .rules:
            verifyRules(on: dataplane.rules)
            return false
        case .virtualServers:
            do throws(DataplaneError) {
                try servers.verifyNext(desired, at: now, on: dataplane.ipvs, &verification.report)
            } catch {
                verification.noteUnread(error)
            }
            return servers.isVerifying
        case .addresses:
            guard !isWaitingForRules else { return true }
            do throws(DataplaneError) {
                try addresses.verifyNext(desired, at: now, on: dataplane.addresses, &verification.report)
            } catch {
                verification.noteUnread(error)
            }
            return addresses.isVerifying
        case .removals:
            var report = newReport(.verify)
            removeUnwanted(at: now, on: dataplane, &report)
            verification.report.add(report)
            return false
        case .flows:
            return flows.verifyNext(desired, at: now, on: dataplane.conntrack, &verification.report)
        }
    }

    private mutating func removeUnwanted(
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane,
        _ report: inout PassReport
    ) {
        // What an address needs goes after it.
        if addresses.unbindUnwanted(desired, at: now, on: dataplane.addresses, &report) {
            servers.removeUnwanted(desired, at: now, on: dataplane.ipvs, &report)
            sets.removeUnwanted(desired, at: now, on: dataplane.sets, &report)
            flows.endStale(desired, on: dataplane.conntrack, &report)
            servers.endDrains(at: now, on: dataplane.ipvs, &report)
        }
        report.draining = servers.drainingCount
    }
}
