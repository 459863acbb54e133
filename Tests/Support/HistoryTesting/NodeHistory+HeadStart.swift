// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneTesting
import NodeSync
import Reconcile

/// What the daemon does while its objects are on their way.
extension NodeHistory {
    /// Lets the daemon do some of it, or all, or nothing. It may take long, and others may change things meanwhile.
    ///
    /// - Returns: whether others did.
    mutating func getAhead() async throws -> Bool {
        rulesAhead = []
        let steps = [0, 2, 10, 1000].randomElement(using: &random) ?? 0
        let isDisturbed = steps > 0 && Int.random(in: 0..<4, using: &random) == 0
        let isLong = Int.random(in: 0..<6, using: &random) == 0
        guard steps > 0 else { return false }
        events.append("it gets ahead by \(steps) steps\(isLong ? ", and waits long" : "")")
        for _ in 0..<steps {
            let step = node.getAhead(on: dataplane, writesRules: Bool.random(using: &random))
            for var work in step.rules {
                // Others are run and handed back while the first pass is under way.
                guard Bool.random(using: &random) else {
                    rulesAhead.append(work)
                    continue
                }
                await work.run(on: dataplane.rules)
                node.takeBack(work, took: .zero)
            }
            if step.next != .atOnce, step.rules.isEmpty { break }
            if isDisturbed, Int.random(in: 0..<6, using: &random) == 0 { try await letStrangerAct() }
        }
        if isDisturbed { try await letStrangerAct() }
        if isLong { clock.advance(by: Self.syncPeriod) }
        return isDisturbed
    }
}
