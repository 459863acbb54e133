// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneKernel
import Glibc
import HistoryTesting
import KernelHistoryTesting

/// `kube-ipvs-histories`: follows the daemon's life at random on the kernel that runs. `Tests/kernel/histories` says how it
/// is used.
@main
struct HistoriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-ipvs-histories",
        abstract: "Follows histories at random, in a network namespace of its own: all that is there is removed."
    )

    @Option(help: "The first history's seed; each of the others has the next number.") var first: UInt64 = 1
    @Option(help: "How many histories.") var count: Int = 10
    @Option(help: "How many steps each has.") var steps: Int = 500

    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let rules = try await KernelIPTables.open()
        let node = try await HistoryNode()
        var tally = Tally()
        for seed in first..<first + UInt64(count) {
            // Programs of iptables would be a third of the time.
            let ruleChanges: NodeHistory.RuleChanges = seed % 4 == 0 ? .few : .none
            // Half of all, and half of those that change rules.
            let withRoutes = [1, 3, 4, 6].contains(seed % 8)
            let outcome = try await node.follow(
                seed, steps: steps, rules: rules, withRoutes: withRoutes, ruleChanges: ruleChanges)
            tally.add(outcome)
            if !outcome.wrong.isEmpty { say("\(outcome)") }
            if tally.histories % 10 == 0 { say("\(tally), \((clock.now - start).components.seconds) s") }
        }
        try await node.clear()
        say("followed \(tally)")
        guard tally.failed == 0, tally.histories == count, tally.steps == count * steps else { throw ExitCode.failure }
    }

    private func say(_ text: String) {
        print(text)
        // To a pipe, and whoever reads it waits.
        fflush(nil)
    }
}

/// What came of all histories so far.
private struct Tally: CustomStringConvertible {
    var histories = 0
    var failed = 0
    var steps = 0
    var written = 0
    var repaired = 0

    mutating func add(_ outcome: HistoryOutcome) {
        histories += 1
        if !outcome.wrong.isEmpty { failed += 1 }
        steps += outcome.steps
        written += outcome.written
        repaired += outcome.repaired
    }

    var description: String {
        "\(histories) histories (\(failed) failed) of \(steps) steps, \(written) objects written, \(repaired) of them mended"
    }
}
