// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// What of the kernel's settings and tables, which the daemon leaves alone, keeps Services from working.
extension NodeEvidence {
    var network: [NodeFinding] {
        [localPorts, bridgedTraffic, trackedFlows, defences, idleConnections].compactMap(\.self)
    }

    /// A connection of the node itself may get a node port as its source. What comes back for it is then taken for a request to the
    /// Service, and the connection times out (kubernetes #111682).
    private var localPorts: NodeFinding? {
        guard let localPortRange else { return nil }
        let taken = nodePorts.filter { localPortRange.contains($0) && !isReserved($0) }
        guard !taken.isEmpty else { return NodeFinding(.ok, "local ports", "no node port is among them") }
        let range = "\(localPortRange.lowerBound)-\(localPortRange.upperBound)"
        let reserved = (reservedPorts + Self.ranges(of: taken)).map(Self.text).joined(separator: ",")
        return NodeFinding(
            .warning, "local ports",
            "node ports (\(Self.ranges(of: taken).prefix(3).map(Self.text).joined(separator: ","))) are among the ports "
                + "\(range) that the node's own connections come from, which then time out: set "
                + "net.ipv4.ip_local_reserved_ports=\(reserved)")
    }

    /// What `--service-node-port-range` of the API server is unless somebody says otherwise.
    static let usualNodePorts = Set(UInt16(30_000)...32_767)

    private func isReserved(_ port: UInt16) -> Bool {
        reservedPorts.contains { $0.contains(port) }
    }

    /// Ports in as few ranges as they make.
    private static func ranges(of ports: Set<UInt16>) -> [ClosedRange<UInt16>] {
        var ranges: [ClosedRange<UInt16>] = []
        for port in ports.sorted() {
            if let last = ranges.last, Int(port) <= Int(last.upperBound) + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(port, last.upperBound)
            } else {
                ranges.append(port...port)
            }
        }
        return ranges
    }

    private static func text(_ range: ClosedRange<UInt16>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }

    /// Without it packets from one pod to another on one bridge pass no rules: an answer goes past IPVS, with the endpoint's own
    /// address.
    private var bridgedTraffic: NodeFinding? {
        guard let bridgeCallsRules, !bridgeCallsRules else { return nil }
        return NodeFinding(
            .notice, "bridges",
            "net.bridge.bridge-nf-call-iptables is 0: where pods are on a bridge, those of this node do not reach each other "
                + "through a Service")
    }

    private var trackedFlows: NodeFinding? {
        guard let flowCount, let flowLimit, flowLimit > 0, flowCount >= flowLimit / 10 * 9 else { return nil }
        return NodeFinding(
            .warning, "conntrack",
            "\(flowCount) of \(flowLimit) flows are tracked: with a full table new connections are dropped. Raise "
                + "conntrack.maxPerCore or conntrack.min")
    }

    /// `drop_entry`, `drop_packet` and `secure_tcp` (`ipvs-sysctl.rst`): 0 is off, 1 and 2 are on when memory is short, 3 always.
    private var defences: NodeFinding? {
        let active = defenceModes.filter { $0.value != 0 }.sorted { $0.key < $1.key }
        guard !active.isEmpty else { return nil }
        let always = active.contains { $0.value == 3 }
        return NodeFinding(
            always ? .warning : .notice, "IPVS defences",
            active.map { "net.ipv4.vs.\($0.key) is \($0.value)" }.joined(separator: ", ")
                + (always ? ": connections are dropped all the time" : ": connections are dropped when memory is short")
        )
    }

    /// IPVS forgets a connection without saying so: the next packet is answered by a reset, or by nobody.
    private var idleConnections: NodeFinding? {
        guard let keepaliveTime, let ipvsTCPTimeout, ipvsTCPTimeout > 0, keepaliveTime > ipvsTCPTimeout else {
            return nil
        }
        return NodeFinding(
            .notice, "idle connections",
            "IPVS forgets TCP connections after \(ipvsTCPTimeout) s without a packet, and keepalive asks after "
                + "\(keepaliveTime) s: raise ipvs.tcpTimeout, or lower net.ipv4.tcp_keepalive_time in pods")
    }
}
