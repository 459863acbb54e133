// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneTesting
import NodeSync
import Reconcile

/// How the daemon's loop is driven: on a clock that goes on only between steps.
extension NodeHistory {
    /// Lets the daemon make its passes after some time.
    ///
    /// - Returns: what went wrong in them, and what is wrong after them.
    mutating func pass(after duration: Duration) async throws -> [String] {
        clock.advance(by: duration)
        await settle()
        let problems = problems
        let differences = try await compare()
        return problems + differences
    }

    /// Lets the daemon find out that not all is as it has left it: what it writes before it has read may be refused. Then
    /// everything must be right.
    mutating func mend() async throws -> [String] {
        clock.advance(by: Self.syncPeriod)
        await settle()
        guard !problems.isEmpty else { return try await compare() }
        return try await pass(after: Self.syncPeriod)
    }

    /// Lets the daemon verify, and lets something happen between some of its steps.
    ///
    /// - Returns: what went wrong in its passes.
    mutating func verifyInSteps(
        _ happen: (inout NodeHistory) async throws -> Void
    ) async rethrows -> [String] {
        events.append("a verifying pass begins")
        try await settle(while: happen)
        events.append("the verifying pass has ended")
        return problems
    }

    /// Makes the daemon's steps until nothing is due.
    mutating func settle() async {
        await settle { _ in }
    }

    /// Makes the daemon's steps until nothing is due, and lets something happen between some of those that verify.
    private mutating func settle(while happen: (inout NodeHistory) async throws -> Void) async rethrows {
        reports.removeAll()
        var rules = RulesUnderWay()
        rules.begin(rulesAhead)
        rulesAhead = []
        while true {
            let step = await node.step(on: dataplane, telling: reports)
            rules.begin(step.rules)
            let isIdle = !step.next.isDue(at: clock.now)
            if await rules.advance(isIdle: isIdle, node, dataplane, &random) { continue }
            if isIdle { break }
            if node.isVerifying, Int.random(in: 0..<8, using: &random) == 0 { try await happen(&self) }
        }
        written += reports.all.flatMap(\.applied.values).reduce(0, +)
        repaired += reports.all.flatMap(\.drift.values).reduce(0, +)
    }

    /// What the last passes could not do.
    private var problems: [String] {
        reports.all.flatMap { report in
            report.failures.map { "\(report.family): \($0)" }
                + report.refusals.map { "\(report.family): \($0.attempt): \($0.error)" }
        }
    }

    /// What the last passes reported as changed by others, where nobody did.
    var driftOfNobody: [String] {
        reports.all.flatMap(\.drift).map { "\($0.value) \($0.key.rawValue) reported as drift" }
    }
}

/// Rules that are kept beside the passes: they run at some time, and are handed back sooner or later, perhaps when what they saw
/// is no longer true.
private struct RulesUnderWay {
    private var waiting: [RulesWork] = []
    private var done: [RulesWork] = []

    mutating func begin(_ work: [RulesWork]) {
        waiting += work
    }

    /// Goes on with some of them; with one of them at least, where the daemon has nothing else to do.
    ///
    /// - Returns: whether the next step may have something to take up.
    mutating func advance(
        isIdle: Bool,
        _ node: NodeReconciler,
        _ dataplane: Dataplane,
        _ random: inout some RandomNumberGenerator
    ) async -> Bool {
        if !done.isEmpty, isIdle || Int.random(in: 0..<4, using: &random) == 0 {
            node.takeBack(done.removeFirst(), took: .zero)
            return true
        }
        if !waiting.isEmpty, isIdle || Bool.random(using: &random) {
            var work = waiting.removeFirst()
            await work.run(on: dataplane.rules)
            done.append(work)
            return isIdle
        }
        return false
    }
}
