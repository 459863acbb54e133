// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// How far a verifying pass has come. It can be left after each step.
///
/// Passes of mode `changes` may be made in between. Each part is compared in the step that reads it, with the
/// desired state and the mirror of that moment. What is read in parts is older than that, and the keepers allow for it.
struct Verification {
    /// `nil` when none is under way.
    var stage: PassStage?
    var report = PassReport(family: .v4, mode: .verify)
    /// Whether every part could be read.
    var hasReadAll = true

    /// Notes that a part could not be read. One sentence for a part, not one for each of its seventeen sets.
    mutating func noteUnread(_ error: DataplaneError) {
        hasReadAll = false
        if !report.failures.contains(where: { $0.part == error.part && $0.number == error.number }) {
            report.failures.append(error)
        }
    }
}

extension FamilyReconciler {
    /// Whether a verifying pass is under way.
    public var isVerifying: Bool { verification.stage != nil }

    /// Whether passes of mode `changes` have something to go by: a mirror of virtual servers and sets. The first
    /// verifying pass has both before it binds addresses. The kernel takes a minute for 50,000 of those.
    public var takesChanges: Bool {
        hasEndedVerifying || verification.stage.map { $0 >= .addresses } ?? false
    }

    /// Begins a verifying pass. Until `continueVerifying` says that it has ended, passes of mode `changes` may be made
    /// between its steps. The first one goes on with what has been read ahead.
    ///
    /// - Parameter listing: shared with the other family's pass that begins now.
    public mutating func beginVerifying(sharing listing: VirtualServerListing? = nil) {
        // What has changed from here on is noted by name.
        touched.isEverything = false
        // What was refused is tried again: its reason may be among what this mends, such as a set that was gone.
        sets.beginVerifying()
        if headStart.readingSince == nil { servers.beginVerifying(sharing: listing) }
        addresses.beginVerifying()
        flows.beginVerifying()
        verification = Verification(stage: .sets, report: newReport(.verify))
        verification.report.add(headStart.report)
        headStart = HeadStart()
    }

    /// Goes one step further in the verifying pass that is under way: reads a part of the kernel's state, and mends what
    /// differs. What is to go is removed after all that.
    ///
    /// The order is that of all passes (`PassStage`). A step suspends only where rules have to be changed so that a set can be
    /// replaced.
    ///
    /// - Returns: the report of the whole pass when it has ended; `nil` when there is more to do.
    public mutating func continueVerifying(
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) async -> PassReport? {
        guard let stage = verification.stage else { return nil }
        takeTouched()
        guard await !verifyNext(stage, at: now, on: dataplane) else { return nil }
        verification.stage = stage.next
        return verification.stage == nil ? endVerifying() : nil
    }

    private mutating func endVerifying() -> PassReport {
        hasEndedVerifying = true
        // Where they could not be read, those that a predecessor left are still as it made them.
        hasMadeVirtualIPs = hasMadeVirtualIPs || addresses.known != nil
        noteEndOfRoutes()
        hasReadKernel = hasReadKernel || verification.hasReadAll
        var report = verification.report
        report.standing = refused
        report.statistics = servers.takeStatistics()
        verification = Verification()
        return report
    }
}
