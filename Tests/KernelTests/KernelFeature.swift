// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Foundation

/// What some kernels have and others have not: `Tests/kernel/probe` finds it out by use.
///
/// Tests show what they can on the kernel that they run on. `Tests/kernel/test --complete` fails where one is missing, so
/// each of them is shown somewhere.
enum KernelFeature: String, CaseIterable {
    case persistenceEngines = "persistence engines"
    case twosScheduler = "scheduler twos"
    case nftables = "nf_tables"
    case conntrackZones = "conntrack zones"

    static let present: Set<KernelFeature> = {
        let lacking = ProcessInfo.processInfo.environment["KUBE_IPVS_KERNEL_LACKS"] ?? ""
        return Set(allCases).subtracting(
            lacking.split(separator: ", ").compactMap { KernelFeature(rawValue: String($0)) })
    }()

    /// Every scheduler, by the name that IPVS has for it.
    static let schedulers = [
        "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf", "twos",
    ].filter { $0 != "twos" || present.contains(.twosScheduler) }

    /// The options of `conntrack` that put a flow into a zone: in both directions, and in the original one.
    static let conntrackZoneOptions = present.contains(.conntrackZones) ? ["--zone", "--orig-zone"] : []

    /// The variants of iptables that find their tables; or of these what `KUBE_IPVS_IPTABLES` names, for a run that adds
    /// to one on another kernel.
    static let iptablesVariants = {
        let named = ProcessInfo.processInfo.environment["KUBE_IPVS_IPTABLES"]
        return IPTablesVariant.allCases.filter { variant in
            (variant != .nft || present.contains(.nftables)) && named.map { $0 == variant.rawValue } ?? true
        }
    }()
}
