// SPDX-License-Identifier: GPL-2.0-or-later
public import Reconcile

/// Gathers what passes report: for owners that make some steps and then look at what came of them.
public final class PassReports: PassObserver {
    /// In the order of their ends; those of rules among them.
    public private(set) var all: [PassReport] = []

    public init() {}

    public func passEnded(_ pass: EndedPass, of family: FamilyPasses) {
        all.append(pass.report)
    }

    public func rulesKept(_ report: PassReport, took duration: Duration, at now: Instant) {
        all.append(report)
    }

    public func removeAll() {
        all = []
    }
}
