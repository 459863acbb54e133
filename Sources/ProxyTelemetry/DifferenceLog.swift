// SPDX-License-Identifier: GPL-2.0-or-later
package import Logging
package import Reconcile

/// Tells what a dry run finds otherwise than it is wanted: in the log by name, once when it appears and once when it is gone; in health and
/// metrics for as long as it lasts.
package struct DifferenceLog {
    private var told: KernelDifferences?
    private let metrics: DryRunMetrics
    private let health: HealthBoard
    private let logger: Logger

    /// Lines of one look: on a node that another kind of proxy keeps, everything differs.
    private static var limit: Int { 20 }

    package init(metrics: DryRunMetrics, health: HealthBoard, logger: Logger) {
        self.metrics = metrics
        self.health = health
        self.logger = logger
        metrics.note(KernelDifferences())
        health.noteDifferences(0)
    }

    /// - Parameter now: all that differ.
    package mutating func note(_ now: KernelDifferences) {
        let before = told ?? KernelDifferences()
        guard now != before else { return }
        told = now
        metrics.note(now)
        health.noteDifferences(now.count)
        tell(now.added(since: before), "dry run: the kernel differs from what is wanted", .warning, now.count)
        tell(before.added(since: now), "dry run: no difference any more", .info, now.count)
    }

    private func tell(_ differences: KernelDifferences, _ message: Logger.Message, _ level: Logger.Level, _ all: Int) {
        for name in differences.names.prefix(Self.limit) {
            logger.log(level: level, message, metadata: ["wanted": "\(name)", "differences": "\(all)"])
        }
        let rest = differences.count - Self.limit
        if rest > 0 { logger.log(level: level, message, metadata: ["more": "\(rest)", "differences": "\(all)"]) }
    }
}
