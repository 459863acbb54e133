// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// What a family's first pass need not do any more, because it was done while objects were on their way.
struct HeadStart {
    typealias Instant = ContinuousClock.Instant

    /// What was written.
    var report = PassReport(family: .v4, mode: .verify)
    /// Whether all sets are there, each of the kind that rules can match on; `nil` before they have been looked at.
    var setsAreUsable: Bool?
    /// How often the rules have been looked at.
    var looksAtRules = 0
    /// When the reading of virtual servers began; `nil` before that, and when it failed.
    var readingSince: Instant?
    var hasEndedReading = false

    /// How often rules are looked at. Writing those of one family changes the fingerprint of the other's, which are then listed
    /// once more.
    static var mostLooksAtRules: Int { 2 }
}

/// Before it is known what is wanted, a pass would remove everything. But some work needs no objects, and takes longer than a
/// pass that finds it done: reading virtual servers, making sets, and the rules that hold for all Services.
///
/// None of it removes anything, and none of it adds anything that names a Service. What fails is left to the first pass, which
/// reports it.
extension FamilyReconciler {
    /// Whether `getAhead` has nothing left to do.
    public var isAhead: Bool { headStart.hasEndedReading && headStart.setsAreUsable != nil }

    /// Makes the sets that are missing, or reads the next virtual servers.
    ///
    /// - Parameter listing: shared with the other family.
    public mutating func getAhead(
        sharing listing: VirtualServerListing,
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) {
        guard headStart.setsAreUsable != nil else {
            let (made, areUsable) = sets.makeMissing(on: dataplane.sets)
            headStart.report.count(.set, made)
            headStart.setsAreUsable = areUsable
            return
        }
        guard !headStart.hasEndedReading else { return }
        if headStart.readingSince == nil {
            headStart.readingSince = now
            servers.beginVerifying(sharing: listing)
        }
        do throws(DataplaneError) {
            headStart.hasEndedReading = try !servers.readAhead(on: dataplane.ipvs)
        } catch {
            headStart.readingSince = nil
            headStart.hasEndedReading = true
        }
    }

    /// Hands out the work of putting the rules in place that hold for all Services. `endRulesAhead` takes it back.
    ///
    /// - Returns: `nil` where there is none to do now.
    public mutating func beginRulesAhead(at now: ContinuousClock.Instant) -> RulesWork? {
        guard headStart.setsAreUsable == true, !rulesAreUnderWay, headStart.looksAtRules < HeadStart.mostLooksAtRules
        else { return nil }
        headStart.looksAtRules += 1
        rulesAreUnderWay = true
        return RulesWork(ahead: rules, at: now)
    }

    /// Takes back what `beginRulesAhead` handed out.
    mutating func endRulesAhead(_ work: RulesWork) {
        takeRules(work.keeper)
        guard case .success(.written)? = work.result else { return }
        if isVerifying { verification.report.count(.rules) } else { headStart.report.count(.rules) }
    }

    /// Ends the head start, as it is known what is wanted.
    ///
    /// A reading of virtual servers counts for as long as that of any pass. One that is older is dropped, as other programs may have
    /// changed much: the first pass then reads everything itself.
    ///
    /// - Parameter period: how long a reading counts.
    /// - Returns: when the reading began that the first pass goes on with; `nil` where there is none.
    public mutating func endHeadStart(
        at now: ContinuousClock.Instant,
        period: Duration
    ) -> ContinuousClock.Instant? {
        guard let since = headStart.readingSince, since.advanced(by: period) > now else {
            headStart.readingSince = nil
            return nil
        }
        return since
    }
}
