// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Synchronization
import Telemetry

/// The kernel's counters of virtual servers. Off unless asked for: each virtual server is five series.
public struct TrafficMetrics: Sendable {
    /// A virtual server as it was read.
    struct Sample: Hashable, Sendable {
        var id: VirtualServer.ID
        /// The Service port that it is for; empty where it is not known.
        var servicePort: String
        var statistics: TrafficStatistics
    }

    private let connections: Counter
    private let packets: Counter
    private let bytes: Counter
    private let hidden: Gauge
    private let shown = Shown()

    private final class Shown: Sendable {
        let samples = Mutex<[IPFamily: [Sample]]>([:])
    }

    init(_ registry: MetricRegistry) {
        let labels = ["address", "port", "protocol", "service_port"]
        connections = registry.counter(
            "kubeipvs_virtual_server_connections_total",
            "Connections that the kernel has scheduled to a real server of the virtual server, as of the last verifying pass",
            labels: labels
        )
        packets = registry.counter(
            "kubeipvs_virtual_server_packets_total",
            "Packets of the virtual server, as of the last verifying pass",
            labels: labels + ["direction"]
        )
        bytes = registry.counter(
            "kubeipvs_virtual_server_bytes_total",
            "Bytes of the virtual server, as of the last verifying pass",
            labels: labels + ["direction"]
        )
        hidden = registry.gauge(
            "kubeipvs_virtual_servers_without_counters",
            "Virtual servers that were left out of the traffic counters because of their limit",
            labels: ["ip_family"]
        )
    }

    /// Replaces what was known of a family.
    ///
    /// - Parameter hiddenCount: how many virtual servers there are besides.
    func replace(_ family: IPFamily, _ samples: [Sample], hiddenCount: Int) {
        let all = shown.samples.withLock { shown in
            shown[family] = samples
            return shown.values.flatMap(\.self)
        }
        var connections: [[String]: Double] = [:]
        var packets: [[String]: Double] = [:]
        var bytes: [[String]: Double] = [:]
        for sample in all {
            let labels = ["\(sample.id.address)", "\(sample.id.port)", "\(sample.id.transport)", sample.servicePort]
            connections[labels] = Double(sample.statistics.connections)
            packets[labels + ["in"]] = Double(sample.statistics.inboundPackets)
            packets[labels + ["out"]] = Double(sample.statistics.outboundPackets)
            bytes[labels + ["in"]] = Double(sample.statistics.inboundBytes)
            bytes[labels + ["out"]] = Double(sample.statistics.outboundBytes)
        }
        self.connections.replaceAll(connections)
        self.packets.replaceAll(packets)
        self.bytes.replaceAll(bytes)
        hidden.set(hiddenCount, "\(family)")
    }
}
