// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// `ipvsadm --list --timeout` and `--daemon`, byte for byte.
public enum SettingsListing {
    /// In seconds.
    public static func text(of timeouts: IPVSTimeouts) -> [UInt8] {
        Array("Timeout (tcp tcpfin udp): \(timeouts.tcp) \(timeouts.tcpFin) \(timeouts.udp)\n".utf8)
    }

    /// Nothing when no daemon runs.
    public static func text(of daemons: [SyncDaemon]) -> [UInt8] {
        var text = ListingText()
        for daemon in daemons {
            text.append("\(daemon.role.text) sync daemon (mcast=\(daemon.multicastInterface), syncid=\(daemon.syncID)")
            if daemon.maximumLength != 0 { text.append(", maxlen=\(daemon.maximumLength)") }
            if !daemon.multicastGroup.isEmpty { text.append(", group=\(daemon.multicastGroup)") }
            if daemon.multicastPort != 0 { text.append(", port=\(daemon.multicastPort)") }
            if daemon.multicastTTL != 0 { text.append(", ttl=\(daemon.multicastTTL)") }
            text.append(")\n")
        }
        return text.bytes
    }
}

extension IPVSInfo.Version {
    var text: String { "\(major).\(minor).\(patch)" }
}

extension SyncDaemon.Role {
    var text: String {
        switch self {
        case .master: "master"
        case .backup: "backup"
        }
    }
}
