// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import Logging
import NodeStartup
import Reconcile

/// How likely the kernel is to end this process when memory runs out, from -1000, which is never, to 1000 (proc(5),
/// `oom_score_adj`).
enum OOMScore {
    /// Writes the adjustment. A failure ends nothing, as in kube-proxy, and is no error where nothing is lost by it.
    static func write(_ adjustment: Int, logger: Logger) {
        let files = KernelSysctls(root: "/proc/self")
        do throws(DataplaneError) {
            try files.set("oom_score_adj", to: "\(adjustment)")
        } catch {
            let current = (try? files.read("oom_score_adj")).flatMap { Int($0) }
            logger.log(
                level: level(asked: adjustment, current: current, mayLower: Capability.sysResource.isEffective),
                "oom_score_adj stays as it is",
                metadata: [
                    "current": current.map { .stringConvertible($0) } ?? "unknown",
                    "asked": .stringConvertible(adjustment),
                    "error": "\(error)",
                ]
            )
        }
    }

    /// How loudly to say that the adjustment stays.
    ///
    /// - Parameters:
    ///   - current: `nil` where it cannot be read.
    ///   - mayLower: whether this process has `CAP_SYS_RESOURCE`, without which the kernel lets nobody go below what is there.
    ///     Containers do not have it, and need not: the kubelet gives a Pod of class `system-node-critical` -997.
    static func level(asked: Int, current: Int?, mayLower: Bool) -> Logger.Level {
        if let current, current <= asked { return .debug }
        guard !mayLower else { return .error }
        // From 0 on it is ended like any other process.
        return current.map { $0 < 0 } ?? false ? .debug : .info
    }
}
