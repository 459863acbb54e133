// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
public import DataplaneModel
import Netlink
public import Reconcile

extension KernelIPVS {
    /// The kernel's IPVS version and the size of its connection table.
    public func info() throws(DataplaneError) -> IPVSInfo {
        do throws(NetlinkError) {
            var version: UInt32 = 0
            var size: UInt32 = 0
            try exchange(IPVS_CMD_GET_INFO) { (message, datagram) throws(NetlinkError) in
                var attributes = try message.genericAttributes()
                while let attribute = try attributes.next(in: datagram) {
                    switch attribute.type {
                    case IPVS_INFO_ATTR_VERSION: version = try datagram.integer(attribute)
                    case IPVS_INFO_ATTR_CONN_TAB_SIZE: size = try datagram.integer(attribute)
                    default: continue
                    }
                }
            }
            // `NVERSION` of `linux/ip_vs.h`.
            let parts = IPVSInfo.Version(
                major: UInt8(truncatingIfNeeded: version >> 16),
                minor: UInt8(truncatingIfNeeded: version >> 8),
                patch: UInt8(truncatingIfNeeded: version)
            )
            return IPVSInfo(version: parts, connectionTableSize: size)
        } catch {
            throw Self.failure("read the IPVS version", error)
        }
    }

    /// The timeouts of connections, as `ipvsadm -L --timeout`.
    public func timeouts() throws(DataplaneError) -> IPVSTimeouts {
        do throws(NetlinkError) {
            var timeouts = IPVSTimeouts(tcp: 0, tcpFin: 0, udp: 0)
            try exchange(IPVS_CMD_GET_CONFIG) { (message, datagram) throws(NetlinkError) in
                var attributes = try message.genericAttributes()
                while let attribute = try attributes.next(in: datagram) {
                    switch attribute.type {
                    case IPVS_CMD_ATTR_TIMEOUT_TCP: timeouts.tcp = try datagram.integer(attribute)
                    case IPVS_CMD_ATTR_TIMEOUT_TCP_FIN: timeouts.tcpFin = try datagram.integer(attribute)
                    case IPVS_CMD_ATTR_TIMEOUT_UDP: timeouts.udp = try datagram.integer(attribute)
                    default: continue
                    }
                }
            }
            return timeouts
        } catch {
            throw Self.failure("read the IPVS timeouts", error)
        }
    }

    /// As `ipvsadm --set TCP TCPFIN UDP`, in one request; 0 keeps what is there.
    public func setTimeouts(_ timeouts: IPVSTimeouts) throws(DataplaneError) {
        do throws(NetlinkError) {
            try exchange(IPVS_CMD_SET_CONFIG) { (request) throws(NetlinkError) in
                try request.put(IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts.tcp)
                try request.put(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts.tcpFin)
                try request.put(IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts.udp)
            } _: { (_, _) throws(NetlinkError) in
            }
        } catch {
            let values = "tcp \(timeouts.tcp), tcpfin \(timeouts.tcpFin), udp \(timeouts.udp)"
            throw Self.failure("set the IPVS timeouts to \(values)", error)
        }
    }

    /// The connection sync daemons, as `ipvsadm -L --daemon`: at most a master and a backup.
    public func syncDaemons() throws(DataplaneError) -> [SyncDaemon] {
        do throws(NetlinkError) {
            return try dump(IPVS_CMD_GET_DAEMON, into: [SyncDaemon]()) {
                (daemons, message, datagram) throws(NetlinkError) in
                daemons.append(try message.syncDaemon(in: datagram))
            }
        } catch {
            throw Self.failure("read the IPVS sync daemons", error)
        }
    }
}

extension NetlinkMessage {
    /// The daemon of an answer to `IPVS_CMD_GET_DAEMON`: `ip_vs_genl_fill_daemon` in `net/netfilter/ipvs/ip_vs_ctl.c`.
    fileprivate func syncDaemon(in datagram: RawSpan) throws(NetlinkError) -> SyncDaemon {
        guard var attributes = try nested(IPVS_CMD_ATTR_DAEMON, in: datagram) else {
            throw .incomplete("sync daemon")
        }
        var role: SyncDaemon.Role?
        var daemon = SyncDaemon(role: .master, multicastInterface: "", syncID: 0)
        while let attribute = try attributes.next(in: datagram) {
            switch attribute.type {
            case IPVS_DAEMON_ATTR_STATE: role = SyncDaemon.Role(rawValue: try datagram.integer(attribute))
            case IPVS_DAEMON_ATTR_MCAST_IFN: daemon.multicastInterface = datagram.string(attribute)
            case IPVS_DAEMON_ATTR_SYNC_ID: daemon.syncID = try datagram.integer(attribute)
            case IPVS_DAEMON_ATTR_SYNC_MAXLEN: daemon.maximumLength = try datagram.integer(attribute)
            case IPVS_DAEMON_ATTR_MCAST_GROUP:
                daemon.multicastGroup = "\(try datagram.address(attribute, .v4))"
            case IPVS_DAEMON_ATTR_MCAST_GROUP6:
                daemon.multicastGroup = "\(try datagram.address(attribute, .v6))"
            case IPVS_DAEMON_ATTR_MCAST_PORT: daemon.multicastPort = try datagram.integer(attribute)
            case IPVS_DAEMON_ATTR_MCAST_TTL: daemon.multicastTTL = try datagram.integer(attribute)
            default: continue
            }
        }
        guard let role else { throw .incomplete("sync daemon") }
        daemon.role = role
        return daemon
    }
}
