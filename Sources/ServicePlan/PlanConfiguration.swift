// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// The settings that decide what Services become.
public struct PlanConfiguration: Hashable, Sendable {
    /// Which of the node's addresses serve node ports.
    public enum NodePortAddresses: Hashable, Sendable {
        /// Every address that is neither loopback nor IPv6 link-local.
        case all
        /// Those inside one of the networks; a family without a network counts as `all`.
        case inside([IPPrefix])
        /// The node's own address of each family.
        case primary
    }

    public var scheduler: Scheduler
    public var nodePortAddresses: NodePortAddresses
    /// Feature gate `AllowServiceExternalIPs`.
    public var allowsExternalIPs: Bool
    /// Whether external and load balancer IPs may be addresses that the node cannot do without: the API server's, and those of
    /// its default gateways.
    public var attractsVitalAddresses: Bool

    public init(
        scheduler: Scheduler = .roundRobin,
        nodePortAddresses: NodePortAddresses = .all,
        allowsExternalIPs: Bool = true,
        attractsVitalAddresses: Bool = false
    ) {
        self.scheduler = scheduler
        self.nodePortAddresses = nodePortAddresses
        self.allowsExternalIPs = allowsExternalIPs
        self.attractsVitalAddresses = attractsVitalAddresses
    }
}
