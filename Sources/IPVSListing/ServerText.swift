// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

extension ObservedVirtualServer {
    /// `TCP  10.0.0.1:80` or `FWM  1 IPv6`. Cut after 33 bytes, but for IPv6 and firewall marks.
    func listedName(_ names: inout some NameResolver) -> [UInt8] {
        var text = ListingText()
        switch identity {
        case .address(let id):
            text.append(id.transport.description, paddedTo: 4)
            text.append(" ")
            text.append(names.endpointText(id.address, id.port, id.transport))
            return id.family == .v4 ? Array(text.bytes.prefix(33)) : text.bytes
        case .firewallMark(let mark, let family):
            // ipvsadm prints it as a signed number.
            text.append("FWM  \(Int32(bitPattern: mark))")
            if family == .v6 { text.append(" IPv6") }
            return text.bytes
        }
    }

    /// Scheduler, its flags, persistence and `ops`.
    var listedConfiguration: String {
        var text = configuration.scheduler.name
        if configuration.hasSchedulerFlags {
            text += " (\(configuration.schedulerFlagNames.joined(separator: ",")))"
        }
        if configuration.flags.contains(.persistent) {
            text += " persistent \(configuration.persistenceTimeout)"
            if let mask = maskText { text += " mask \(mask)" }
            if let engine = configuration.persistenceEngine { text += " pe \(engine)" }
        }
        if configuration.flags.contains(.onePacket) { text += " ops" }
        return text
    }

    /// The persistence mask, unless each client address counts for itself.
    var maskText: String? {
        let mask = configuration.persistenceMask
        guard mask != VirtualServer.Configuration.singleClientMask(for: identity.family) else { return nil }
        switch identity.family {
        case .v4: return IPAddress(v4: mask).description
        case .v6: return String(mask)
        }
    }
}

extension VirtualServer.Configuration {
    var hasSchedulerFlags: Bool {
        !flags.isDisjoint(with: [.scheduler1, .scheduler2, .scheduler3])
    }

    /// The flags by the names that ipvsadm gives them for this scheduler. `sh` and `mh` have no name for the third.
    var schedulerFlagNames: [String] {
        let names: [(VirtualServerFlags, String)] =
            switch scheduler.name {
            case "sh", "mh": [(.scheduler1, "\(scheduler)-fallback"), (.scheduler2, "\(scheduler)-port")]
            default: [(.scheduler1, "flag-1"), (.scheduler2, "flag-2"), (.scheduler3, "flag-3")]
            }
        return names.filter { flags.contains($0.0) }.map(\.1)
    }

    /// With the third flag of `sh` and `mh` by the name that ipvsadm takes for it.
    var allSchedulerFlagNames: [String] {
        let names = schedulerFlagNames
        return flags.contains(.scheduler3) && !names.contains("flag-3") ? names + ["flag-3"] : names
    }
}

extension ForwardingMethod {
    var listedName: String {
        switch self {
        case .masquerade: "Masq"
        case .localNode: "Local"
        case .tunnel: "Tunnel"
        case .directRoute: "Route"
        // ipvsadm has no name for it, and glibc's printf shows that so.
        case .bypass: "(null)"
        }
    }
}

extension ObservedRealServer {
    /// Kernels before 5.3 know only IP in IP and do not say so.
    var effectiveTunnel: TunnelEncapsulation {
        tunnel ?? TunnelEncapsulation(kind: .ipip)
    }

    /// How packets are wrapped: `ipip`, `gue:6080:+c`, `gre:-c`, or `n/a`.
    var listedTunnel: String {
        guard realServer.forwarding == .tunnel else { return "n/a" }
        let tunnel = effectiveTunnel
        let checksum = [0: "-c", 1: "+c"][tunnel.flags] ?? "r+c"
        return switch tunnel.kind {
        case .ipip: "ipip"
        case .gue: "gue:\(tunnel.port):\(checksum)"
        case .gre: "gre:\(checksum)"
        }
    }
}

extension TrafficStatistics {
    /// In the order of the columns of `--stats`.
    var counters: [UInt64] {
        [connections, inboundPackets, outboundPackets, inboundBytes, outboundBytes]
    }

    /// In the order of the columns of `--rate`.
    var rates: [UInt64] {
        [
            connectionsPerSecond, inboundPacketsPerSecond, outboundPacketsPerSecond, inboundBytesPerSecond,
            outboundBytesPerSecond,
        ]
    }
}
