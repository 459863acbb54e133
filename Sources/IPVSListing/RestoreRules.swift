// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

/// `ipvsadm --save`: the commands that make the table again when `ipvsadm --restore` reads them.
///
/// Byte for byte what ipvsadm 1.31 prints, but where it cannot read that itself: a firewall mark from 2³¹ on, which it
/// prints as a negative number, and a lone third flag of the schedulers `sh` and `mh`, for which it prints nothing. Like
/// ipvsadm it leaves out what only the kernel decides (`Local`, saved as direct routing) and thresholds.
public enum RestoreRules {
    /// The commands for a whole table, where it is small enough to be held.
    ///
    /// - Parameter servers: in the kernel's order.
    public static func text(of servers: [ObservedVirtualServer], names: inout some NameResolver) -> [UInt8] {
        ListingOrder.order(of: servers).reduce(into: []) { $0 += entry(servers[$1], names: &names) }
    }

    /// The commands for one virtual server and its real servers. The order of virtual servers is `ListingOrder`'s.
    public static func entry(_ server: ObservedVirtualServer, names: inout some NameResolver) -> [UInt8] {
        var text = ListingText()
        let selector = server.selector(&names)
        text.append("-A ")
        text.append(selector)
        text.append(server.savedConfiguration)
        text.append("\n")

        let transport: TransportProtocol? =
            switch server.identity {
            case .address(let id): id.transport
            case .firewallMark: nil
            }
        for realServer in ListingOrder.sorted(server.realServers) {
            let id = realServer.realServer.id
            text.append("-a ")
            text.append(selector)
            text.append(" -r ")
            text.append(names.endpointText(id.address, id.port, transport))
            text.append(realServer.savedConfiguration)
            text.append("\n")
        }
        return text.bytes
    }
}

extension ObservedVirtualServer {
    /// `-t 10.0.0.1:80`, `-f 1 -6`.
    fileprivate func selector(_ names: inout some NameResolver) -> [UInt8] {
        var text = ListingText()
        switch identity {
        case .address(let id):
            switch id.transport {
            case .tcp: text.append("-t ")
            case .udp: text.append("-u ")
            case .sctp: text.append("--sctp-service ")
            }
            text.append(names.endpointText(id.address, id.port, id.transport))
        case .firewallMark(let mark, .v4): text.append("-f \(mark)")
        case .firewallMark(let mark, .v6): text.append("-f \(mark) -6")
        }
        return text.bytes
    }

    fileprivate var savedConfiguration: String {
        var text = " -s \(configuration.scheduler)"
        if configuration.flags.contains(.persistent) {
            text += " -p \(configuration.persistenceTimeout)"
            if let mask = maskText { text += " -M \(mask)" }
        }
        if let engine = configuration.persistenceEngine { text += " --pe \(engine)" }
        if configuration.flags.contains(.onePacket) { text += " -o" }
        if configuration.hasSchedulerFlags {
            let names = configuration.schedulerFlagNames
            let restorable = names.isEmpty ? configuration.allSchedulerFlagNames : names
            text += " -b \(restorable.joined(separator: ","))"
        }
        return text
    }
}

extension ObservedRealServer {
    fileprivate var savedConfiguration: String {
        let method =
            switch realServer.forwarding {
            case .masquerade: "-m"
            case .tunnel: "-i"
            // Bypass is the kernel's own, for connections; no tool can give it to a real server.
            case .localNode, .directRoute, .bypass: "-g"
            }
        let text = " \(method) -w \(realServer.weight)"
        guard realServer.forwarding == .tunnel else { return text }
        let tunnel = effectiveTunnel
        let checksum = [0: "--tun-nocsum", 1: "--tun-csum"][tunnel.flags] ?? "--tun-remcsum"
        return switch tunnel.kind {
        case .ipip: "\(text) --tun-type ipip"
        case .gue: "\(text) --tun-type gue --tun-port \(tunnel.port) \(checksum)"
        case .gre: "\(text) --tun-type gre \(checksum)"
        }
    }
}
