// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// What goes through virtual servers in a second, as IPVS estimates it.
///
/// Two readings of the counters would tell no more: the estimation is also what sums up the counts of the processors
/// (`ip_vs_chain_estimation` in `net/netfilter/ipvs/ip_vs_est.c`), so counters stand still where rates do.
public struct TrafficRates: Hashable, Sendable {
    public var connections: Double
    public var inboundPackets: Double
    public var outboundPackets: Double
    public var inboundBytes: Double
    public var outboundBytes: Double

    public init(
        connections: Double = 0,
        inboundPackets: Double = 0,
        outboundPackets: Double = 0,
        inboundBytes: Double = 0,
        outboundBytes: Double = 0
    ) {
        self.connections = connections
        self.inboundPackets = inboundPackets
        self.outboundPackets = outboundPackets
        self.inboundBytes = inboundBytes
        self.outboundBytes = outboundBytes
    }

    public init(_ statistics: TrafficStatistics) {
        self.init(
            connections: Double(statistics.connectionsPerSecond),
            inboundPackets: Double(statistics.inboundPacketsPerSecond),
            outboundPackets: Double(statistics.outboundPacketsPerSecond),
            inboundBytes: Double(statistics.inboundBytesPerSecond),
            outboundBytes: Double(statistics.outboundBytesPerSecond)
        )
    }

    public var isZero: Bool { self == TrafficRates() }

    public static func += (sum: inout TrafficRates, other: TrafficRates) {
        sum.connections += other.connections
        sum.inboundPackets += other.inboundPackets
        sum.outboundPackets += other.outboundPackets
        sum.inboundBytes += other.inboundBytes
        sum.outboundBytes += other.outboundBytes
    }
}
