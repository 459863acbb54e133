// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// What a node's passes depend on from the start to the end.
public struct SyncSettings: Hashable, Sendable {
    /// The families that the node serves.
    public var families: [IPFamily]
    /// The least time between two passes of mode `changes` over one family (`--ipvs-min-sync-period`).
    public var minSyncPeriod: Duration
    /// The time between two verifying passes over one family (`--ipvs-sync-period`).
    public var syncPeriod: Duration
    /// The longest time that a removed TCP real server keeps its connections.
    public var gracefulTimeout: Duration
    /// Virtual servers inside these networks are not ours (`ipvs.excludeCIDRs`).
    public var excludedNetworks: [IPPrefix]
    /// How virtual IPs become the node's own (`--virtual-ips`).
    public var virtualIPs: VirtualIPMode
    /// Whether verifying passes report the counters of virtual servers.
    public var collectsStatistics = false

    /// The longest time that a removed TCP endpoint keeps its connections, unless it is set: the kernel's own limit for
    /// established connections without traffic. Whatever still lives after it is not idle.
    public static var defaultGracefulTimeout: Duration { .seconds(900) }

    public init(
        families: [IPFamily],
        minSyncPeriod: Duration = .seconds(1),
        syncPeriod: Duration = .seconds(30),
        gracefulTimeout: Duration = .seconds(900),
        excludedNetworks: [IPPrefix] = [],
        virtualIPs: VirtualIPMode = .addresses
    ) {
        self.families = families
        self.minSyncPeriod = minSyncPeriod
        self.syncPeriod = syncPeriod
        self.gracefulTimeout = gracefulTimeout
        self.excludedNetworks = excludedNetworks
        self.virtualIPs = virtualIPs
    }
}
