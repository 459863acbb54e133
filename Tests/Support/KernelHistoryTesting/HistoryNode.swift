// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import DataplaneKernel
package import HistoryTesting
import NodeInspection
import Reconcile

/// A node that others use too, in the network namespace that this is made in: lives of the daemon are followed on it, one
/// after the other.
///
/// Nobody else may use that namespace meanwhile, nor, on Linux 6.1, IPVS in another one of the same kernel: its listings then
/// lack real servers.
package final class HistoryNode {
    private var others: NodeOfOthers
    private let ipvs: KernelIPVS
    private let addresses: KernelAddresses
    private let view: KernelStateReader

    /// Takes away whatever there is.
    package init() async throws {
        ipvs = try KernelIPVS()
        addresses = try KernelAddresses()
        view = try KernelStateReader()
        others = try await NodeOfOthers(ipvs)
    }

    /// Takes away what this has made.
    package func clear() async throws {
        try await NodeOfOthers.clear()
    }

    /// Follows a life from before the daemon's first start to after its cleanup: after each step the kernel must hold what it
    /// should, and in the end what it held before.
    ///
    /// - Parameters:
    ///   - withRoutes: as `NodeHistory.init` has it.
    ///   - serviceCount: as `NodeHistory.init` has it.
    ///   - check: looks closer after a step, and says what is wrong.
    package func follow(
        _ seed: UInt64,
        steps: Int,
        rules: KernelIPTables,
        withRoutes: Bool,
        serviceCount: Int = 4,
        ruleChanges: NodeHistory.RuleChanges,
        check: (NodeHistory, Int) async throws -> [String] = { _, _ in [] }
    ) async throws -> HistoryOutcome {
        var outcome = HistoryOutcome(seed: seed)
        let dataplane = Dataplane(
            ipvs: ipvs, sets: KernelIPSet(), addresses: addresses, rules: RememberedRules(rules))
        var history = NodeHistory(
            seed: seed,
            on: dataplane,
            withRoutes: withRoutes,
            serviceCount: serviceCount,
            ruleChanges: ruleChanges,
            read: view.state,
            removeLink: { [addresses] in try addresses.removeLink() }
        )
        do {
            while outcome.steps < steps, outcome.wrong.isEmpty {
                outcome.steps += 1
                outcome.wrong = try await history.step()
                if outcome.wrong.isEmpty { outcome.wrong = try await check(history, outcome.steps) }
            }
            if outcome.wrong.isEmpty { outcome.wrong = try Self.problems(of: &history, steps) }
            outcome.wrong += try await cleanUp(after: history)
        } catch {
            outcome.wrong.append("\(error)")
        }
        outcome.written = history.written
        outcome.repaired = history.repaired
        // The next history shall not find what this one may have left.
        if !outcome.wrong.isEmpty {
            outcome.events = history.events.suffix(6)
            others = try await NodeOfOthers(ipvs)
        }
        return outcome
    }

    /// What is wrong with a whole life.
    private static func problems(of history: inout NodeHistory, _ steps: Int) throws -> [String] {
        var wrong: [String] = []
        for family in IPFamily.allCases {
            let scratch = history.planFromScratch(family)
            wrong += try history.differences(from: scratch, family).map {
                "what was planned step by step differs: \($0)"
            }
        }
        // Else it has shown nothing.
        if history.written <= steps / 2 { wrong.append("only \(history.written) objects were written") }
        if history.repaired <= steps / 20 { wrong.append("only \(history.repaired) objects were repaired") }
        return wrong
    }

    private func cleanUp(after history: NodeHistory) async throws -> [String] {
        try others.addLateServer()
        var wrong = await NodeCleanup.run(excluding: history.excludedNetworks).failureLines
        wrong += try await others.differences()
        let again = await NodeCleanup.run(excluding: history.excludedNetworks)
        if again.lines != ["nothing to remove"] { wrong.append("a second cleanup: \(again.lines)") }
        wrong += try others.removeServers(of: history.serversOfStranger).map { "\($0), which is excluded, is gone" }
        return wrong.map { "cleanup: \($0)" }
    }
}
