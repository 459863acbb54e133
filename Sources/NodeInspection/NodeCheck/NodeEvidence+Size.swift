// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// What the kernel does with as many servers and entries as there are.
extension NodeEvidence {
    var sizes: [NodeFinding] {
        [estimation, fullestSet].compactMap(\.self)
    }

    /// From where on the estimators of traffic are worth a word: with so many, one round of them took milliseconds.
    private static let manyServers = 10_000

    /// Each virtual and each real server has an estimator. Before Linux 6.2 all of them were done every two seconds in one go, in a timer that
    /// holds up a processor (`estimation_timer` in `net/netfilter/ipvs/ip_vs_est.c`); since then threads take turns.
    private var estimation: NodeFinding? {
        guard runsEstimation == true, serverCount >= Self.manyServers else { return nil }
        let isTimer = KernelVersion(release: release).map { $0 < KernelVersion(6, 2) } ?? false
        let cost =
            isTimer
            ? "this kernel goes through all of them every two seconds in one go, which holds up packets"
            : "the kernel has threads for them, which take processor time"
        return NodeFinding(
            isTimer ? .warning : .notice, "estimation",
            "rates of \(serverCount) servers are estimated: \(cost). Where nobody reads rates or counters, set net.ipv4.vs.run_estimation=0"
        )
    }

    /// The daemon makes a larger set in place of one that is full, so this is never more than a notice.
    private var fullestSet: NodeFinding? {
        guard let fullest = setFills.max(by: { $0.share < $1.share }) else { return nil }
        let words = "\(fullest.name) is the fullest, with \(fullest.entries) of \(fullest.limit) entries"
        return fullest.share < 0.9
            ? NodeFinding(.ok, "sets", words)
            : NodeFinding(.notice, "sets", "\(words); the daemon makes a larger one in its place when it is full")
    }
}

/// How full a set is.
struct SetFill: Hashable {
    var name: String
    var entries: Int
    /// At least 1.
    var limit: Int

    var share: Double { Double(entries) / Double(max(1, limit)) }
}
