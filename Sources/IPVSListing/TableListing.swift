// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

/// `ipvsadm --list` of virtual servers, byte for byte as ipvsadm 1.31 prints it.
///
/// One difference: real servers' counters of connections and packets, and their rates, are whole. ipvsadm 1.31 shows them
/// modulo 2³².
public struct TableListing: Hashable, Sendable {
    /// What stands behind each server.
    public enum Columns: Hashable, Sendable {
        /// Forwarding method, weight and connections: without an option.
        case weights
        /// `--stats`.
        case statistics
        /// `--rate`, in units per second.
        case rates
        /// `--thresholds`.
        case thresholds
        /// `--persistent-conn`.
        case persistentConnections
        /// `--tun-info`.
        case tunnels
    }

    public var columns: Columns
    /// `--exact`: counters with all their digits.
    public var exact: Bool
    /// Not `--nosort`: real servers are sorted, and virtual servers are to be.
    public var sorted: Bool

    public init(columns: Columns = .weights, exact: Bool = false, sorted: Bool = true) {
        self.columns = columns
        self.exact = exact
        self.sorted = sorted
    }

    /// The lines above the virtual servers of the whole table.
    public func head(_ info: IPVSInfo) -> [UInt8] {
        Array("IP Virtual Server version \(info.version.text) (size=\(info.connectionTableSize))\n\(title)".utf8)
    }

    /// The lines of one virtual server and its real servers. The order of virtual servers is `ListingOrder`'s.
    public func entry(_ server: ObservedVirtualServer, names: inout some NameResolver) -> [UInt8] {
        var text = ListingText()
        append(server, to: &text, &names)
        return text.bytes
    }

    /// One virtual server, without the line about the version.
    public func text(of server: ObservedVirtualServer, names: inout some NameResolver) -> [UInt8] {
        Array(title.utf8) + entry(server, names: &names)
    }

    private var title: String {
        switch columns {
        case .weights:
            """
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn

            """
        case .statistics:
            """
            Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
              -> RemoteAddress:Port

            """
        case .rates:
            """
            Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
              -> RemoteAddress:Port

            """
        case .thresholds:
            """
            Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\u{20}
              -> RemoteAddress:Port

            """
        case .persistentConnections:
            """
            Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn\u{20}
              -> RemoteAddress:Port

            """
        case .tunnels:
            """
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn

            """
        }
    }

    private func append(
        _ server: ObservedVirtualServer,
        to text: inout ListingText,
        _ names: inout some NameResolver
    ) {
        let name = server.listedName(&names)
        switch columns {
        case .statistics:
            text.append(name, paddedTo: 33)
            for counter in server.statistics.counters { text.append(counter: counter, exact: exact) }
        case .rates:
            text.append(name, paddedTo: 33)
            for rate in server.statistics.rates { text.append(counter: rate, exact: exact) }
        case .weights, .thresholds, .persistentConnections, .tunnels:
            text.append(name)
            text.append(" ")
            text.append(server.listedConfiguration)
        }
        text.append("\n")

        let transport: TransportProtocol? =
            switch server.identity {
            case .address(let id): id.transport
            case .firewallMark: nil
            }
        for realServer in sorted ? ListingOrder.sorted(server.realServers) : server.realServers {
            append(realServer, transport, to: &text, &names)
        }
    }

    private func append(
        _ server: ObservedRealServer,
        _ transport: TransportProtocol?,
        to text: inout ListingText,
        _ names: inout some NameResolver
    ) {
        let id = server.realServer.id
        let name = names.endpointText(id.address, id.port, transport)
        text.append("  -> ")
        text.append(id.address.family == .v4 ? Array(name.prefix(28)) : name, paddedTo: 28)
        switch columns {
        case .statistics:
            for counter in server.statistics.counters { text.append(counter: counter, exact: exact) }
        case .rates:
            let rates = server.statistics.rates
            // Here the first three are never shortened.
            for rate in rates.prefix(3) {
                text.append(" ")
                text.append(String(rate), rightAlignedIn: 8)
            }
            for rate in rates.dropFirst(3) { text.append(counter: rate, exact: exact) }
        case .weights:
            text.append(" ")
            text.append(server.realServer.forwarding.listedName, paddedTo: 7)
            append([(server.realServer.weight, 6)], connectionsOf: server, to: &text)
        case .tunnels:
            text.append(" ")
            text.append(server.realServer.forwarding.listedName, paddedTo: 7)
            text.append(" ")
            text.append(server.listedTunnel, paddedTo: 13)
            append([(server.realServer.weight, 6)], connectionsOf: server, to: &text)
        case .thresholds:
            let limits = [(server.realServer.upperThreshold, 10), (server.realServer.lowerThreshold, 10)]
            append(limits, connectionsOf: server, to: &text)
        case .persistentConnections:
            let numbers = [(server.realServer.weight, 9), (server.persistentConnections, 11)]
            append(numbers, connectionsOf: server, to: &text)
        }
        text.append("\n")
    }

    /// Numbers in columns of some widths, then the active and inactive connections.
    private func append(
        _ numbers: [(UInt32, Int)],
        connectionsOf server: ObservedRealServer,
        to text: inout ListingText
    ) {
        for (number, width) in numbers + [(server.activeConnections, 10), (server.inactiveConnections, 10)] {
            text.append(" ")
            text.append(number, paddedTo: width)
        }
    }
}
