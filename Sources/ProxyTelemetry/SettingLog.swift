// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
package import KubernetesHTTP
package import Logging
package import Reconcile

/// Tells of the kernel's settings that are not as the data plane needs them and cannot be written: in the log and by an event
/// of the Node, once when it comes to that; in health and metrics for as long as it lasts.
package struct SettingLog {
    private let planned: [KernelSetting]
    private var degraded: Set<KernelSetting> = []
    private let nodeName: String
    private let metrics: SettingMetrics
    private let health: HealthBoard
    private let logger: Logger
    private let record: @Sendable (ClusterEvent) -> Void

    /// - Parameters:
    ///   - keeper: what it found at the start has been logged already.
    ///   - record: sends an event, which may take until the API server is reached.
    package init(
        _ keeper: SettingsKeeper,
        nodeName: String,
        metrics: SettingMetrics,
        health: HealthBoard,
        logger: Logger,
        record: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        planned = keeper.settings
        self.nodeName = nodeName
        self.metrics = metrics
        self.health = health
        self.logger = logger
        self.record = record
        take(keeper.degradedAtStart)
    }

    /// - Parameter now: all settings that are degraded.
    package mutating func note(_ now: [DegradedSetting]) {
        for setting in degraded.subtracting(now.map(\.setting)).sorted(by: { $0.key < $1.key }) {
            logger.info("a setting of the kernel is as it should be again", metadata: ["setting": "\(setting)"])
        }
        for new in now where !degraded.contains(new.setting) {
            Self.log(new, to: logger)
        }
        take(now)
    }

    private mutating func take(_ now: [DegradedSetting]) {
        for new in now where !degraded.contains(new.setting) {
            record(
                ClusterEvent(
                    .warning,
                    reason: "KernelSettingDegraded",
                    action: "KeepKernelSetting",
                    regarding: .node(named: nodeName),
                    note: "\(new.failure)"
                )
            )
        }
        degraded = Set(now.map(\.setting))
        health.noteDegraded(degraded.map(\.key).sorted())
        metrics.note(planned, degraded: degraded)
    }

    package static func log(_ degraded: DegradedSetting, to logger: Logger) {
        if degraded.setting.isVital {
            logger.critical(
                "Services do not work without a setting of the kernel that cannot be kept; the daemon goes on",
                metadata: ["setting": "\(degraded.setting)", "error": "\(degraded.failure)"]
            )
        } else {
            logger.error(
                "a setting of the kernel cannot be kept; the daemon goes on",
                metadata: ["setting": "\(degraded.setting)", "error": "\(degraded.failure)"]
            )
        }
    }
}
